//! SVG and PDF: sizes, what is left out, and files that are made to take all there is.

use std::time::{Duration, Instant};

use contract::{Fit, Variant};
use engine::{EngineError, Limits, Made};
use image::RgbaImage;

use crate::fixtures::{
    self,
    pdf::{document, page, stream},
    svg::{gzip, svg},
};
use crate::wanted::{assert_refusal, small_png};

const BUDGET_BYTES: u64 = 96 << 20;

fn make(bytes: &[u8]) -> Result<Made, EngineError> {
    make_at(bytes, small_png(60))
}

fn make_at(mut bytes: &[u8], variant: Variant) -> Result<Made, EngineError> {
    engine::make(&mut bytes, &[variant], &fixtures::limits(BUDGET_BYTES), &mut |_| {})
}

fn picture(made: &Made) -> RgbaImage {
    image::load_from_memory(&made.thumbnails[0].bytes).unwrap().into_rgba8()
}

fn warnings(made: &Made) -> Vec<&'static str> {
    made.warnings.iter().map(engine::Warning::name).collect()
}

#[test]
fn an_icon_is_as_sharp_as_its_thumbnail_is_large() {
    let icon = svg(r#"width="8" height="4""#, r#"<rect width="4" height="4" fill="red"/>"#);
    for (fit, want) in [(Fit::Inside, (300, 150)), (Fit::Cover, (300, 300))] {
        let made = make_at(icon.as_bytes(), Variant { fit, ..small_png(300) }).unwrap();
        let picture = picture(&made);
        assert_eq!(picture.dimensions(), want, "{fit:?}");
        let row: Vec<_> = picture.rows().nth(99).unwrap().map(|pixel| pixel.0).collect();
        assert_eq!((row[149], row[150]), ([255, 0, 0, 255], [0, 0, 0, 0]), "{fit:?}");
        assert!(made.elsewhere.cpu > Duration::ZERO && made.elsewhere.peak_bytes > 1 << 20);
    }
}

#[test]
fn what_is_not_drawn_is_said() {
    let check = |body: &str, want: &[&str]| {
        let made = make(svg(r#"viewBox="0 0 9 9""#, body).as_bytes()).unwrap();
        assert_eq!(warnings(&made), want, "{body}");
    };
    check("<script>while (true) {}</script><rect onload='while(1){}' width='9' height='9'/>", &[]);
    check("<text y='9'>words</text>", &["text_left_out"]);
    check("<image width='9' height='9' href='/etc/passwd'/>", &["pictures_left_out"]);
    check("<image width='9' height='9' href='http://127.0.0.1:9/a.png'/>", &["pictures_left_out"]);
    check("<image width='9' height='9' href='data:image/heic;base64,AAAA'/>", &["pictures_left_out"]);
    check(
        "<foreignObject width='9' height='9'><p xmlns='http://www.w3.org/1999/xhtml'/></foreignObject>",
        &["foreign_left_out"],
    );
    check("<style>@import url('http://127.0.0.1:9/a.css');</style><use href='b.svg#a'/>", &["pictures_left_out"]);
    // A pixel of green.
    let png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGNg+M8AAAICAQB7CYF4AAAAAElFTkSuQmCC";
    check(&format!("<image width='9' height='9' href='data:image/png;base64,{png}'/>"), &[]);
}

#[test]
fn an_entity_is_not_fetched() {
    let head = r#"<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/hostname"><!ENTITY b "red">]>"#;
    let body =
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9" fill="&b;"/></svg>"#;
    assert_eq!(picture(&make(format!("{head}{body}").as_bytes()).unwrap()).get_pixel(4, 4).0, [255, 0, 0, 255]);
    let error = make(format!("{head}{}", body.replace("&b;", "&a;")).as_bytes()).map(|made| picture(&made));
    assert!(error.as_ref().is_err_and(|error| error.name() == "corrupt"), "{error:?}");
}

/// Each is small, and made to take all time or memory that there is.
fn bombs() -> Vec<(&'static str, Vec<u8>, &'static [&'static str])> {
    let of = |body: &str| svg(r#"width="2000" height="2000""#, body).into_bytes();
    let filter = |primitives: &str| {
        let filter = format!("<filter id='f' x='-5' y='-5' width='20' height='20'>{primitives}</filter>");
        of(&format!("{filter}<rect width='2000' height='2000' filter='url(#f)'/>"))
    };
    let laughs = |levels: usize| {
        let level =
            |n: usize| format!("<g id='a{}'>{}</g>", n + 1, format!("<use xlink:href='#a{n}' x='1'/>").repeat(10));
        let all: String = (0..levels).map(level).collect();
        of(&format!("<defs><rect id='a0' width='9' height='9'/>{all}</defs><use xlink:href='#a{levels}'/>"))
    };
    let entities: String =
        (1..10).map(|n| format!("<!ENTITY a{n} '{}'>", format!("&a{};", n - 1).repeat(200))).collect();
    let entities =
        format!("<!DOCTYPE svg [<!ENTITY a0 '<g/>'>{entities}]><svg xmlns='http://www.w3.org/2000/svg'>&a9;</svg>");
    let nested = |open: &str, count: usize, close: &str| of(&format!("{}{}", open.repeat(count), close.repeat(count)));
    let rectangle = "<rect width='2000' height='2000' fill='url(#p)'/>";
    let pattern = "<pattern id='p' width='.001' height='.001' patternUnits='userSpaceOnUse'><rect width='1' height='1'/></pattern>";
    let zeros = [b"<svg xmlns='http://www.w3.org/2000/svg'>".as_slice(), &vec![b' '; 300 << 20]].concat();
    let layers = "<g opacity='.5'><rect width='2000' height='2000'/>";
    vec![
        ("turbulence", filter("<feTurbulence numOctaves='99999' baseFrequency='.1'/>"), &["too_slow"]),
        (
            "convolution",
            filter(&"<feConvolveMatrix order='60' kernelMatrix='1'/>".repeat(9)),
            &["too_slow", "made", "corrupt"],
        ),
        ("blurs", filter(&"<feGaussianBlur stdDeviation='300'/>".repeat(3_000)), &["too_slow"]),
        ("a billion laughs", laughs(12), &["too_slow", "over_budget", "corrupt", "unsupported"]),
        ("entities", entities.into_bytes(), &["too_slow", "over_budget", "corrupt"]),
        ("nested groups", nested("<g>", 100_000, "</g>"), &["unsupported", "corrupt"]),
        ("nested layers", nested(layers, 300, "</g>"), &["made", "over_budget", "too_slow"]),
        ("a pattern of dust", of(&format!("{pattern}{rectangle}")), &["made", "too_slow"]),
        (
            "a huge view box",
            svg("viewBox='0 0 1e30 1e30'", "<rect width='1e30' height='1e30'/>").into(),
            &["made", "corrupt"],
        ),
        (
            "dashes",
            of("<path stroke='red' stroke-dasharray='.0001' d='M0 0H1e9'/>"),
            &["made", "too_slow", "over_budget"],
        ),
        ("a gzip of spaces", gzip(&zeros), &["over_budget", "too_slow"]),
        ("a gzip of a gzip", gzip(&gzip(&of(rectangle))), &["corrupt"]),
        ("a use of itself", of("<g id='a'><use xlink:href='#a'/></g>"), &["made", "corrupt"]),
        (
            "a pattern of itself",
            of(&format!("<pattern id='p' width='9' height='9'>{rectangle}</pattern>{rectangle}")),
            &["made", "corrupt"],
        ),
        ("forms in forms", forms(10, 12), &["too_slow", "over_budget", "unsupported"]),
        ("a form of itself", forms(1, 1), &["made", "corrupt", "unsupported"]),
        ("pages in pages", pages_in_pages(), &["corrupt"]),
        ("a huge page", page((2_000_000_000, 2_000_000_000), "", b"0 0 9 9 re f", &[]), &["made", "corrupt"]),
        (
            "an endless stream of paths",
            page((90, 60), "", &b"0 0 m 9 9 l 90 60 90 9 3 3 c S ".repeat(100_000), &[]),
            &["made", "too_slow", "over_budget"],
        ),
        ("saved states", page((90, 60), "", &b"q ".repeat(300_000), &[]), &["made", "too_slow", "over_budget"]),
        ("a picture of 4,000 MP", large_picture(), &["made", "over_budget", "too_slow"]),
    ]
}

/// Each of `levels` forms draws the next one `times` times.
fn forms(times: usize, levels: usize) -> Vec<u8> {
    let form = |level: usize| {
        // The last is a leaf, but where there is one: it draws itself.
        let next = if levels == 1 { 5 } else { level + 6 };
        let head =
            format!("/Type /XObject /Subtype /Form /BBox [0 0 90 60] /Resources << /XObject << /F {next} 0 R >> >>");
        let body = if level + 1 == levels && levels > 1 { "0 0 9 9 re f".to_owned() } else { "/F Do ".repeat(times) };
        stream(&head, body.as_bytes())
    };
    page((90, 60), "/XObject << /F 5 0 R >>", b"/F Do", &(0..levels).map(form).collect::<Vec<_>>())
}

fn pages_in_pages() -> Vec<u8> {
    document(&[b"<< /Type /Pages /Kids [3 0 R 2 0 R 3 0 R] /Count 9 >>".to_vec()], &["3 0 R", "2 0 R"], "")
}

/// Zeros that are 4,000 megapixels when inflated.
fn large_picture() -> Vec<u8> {
    let head = "/Type /XObject /Subtype /Image /Width 64000 /Height 64000 /ColorSpace /DeviceGray /BitsPerComponent 8 \
                /Filter /FlateDecode";
    page(
        (90, 60),
        "/XObject << /I 5 0 R >>",
        b"90 0 0 60 0 0 cm /I Do",
        &[stream(head, &fixtures::deflate(&vec![0; 64 << 20]))],
    )
}

#[test]
fn bombs_end_by_name_within_their_time_and_memory() {
    let mut report = String::new();
    for (name, file, want) in bombs() {
        let started = Instant::now();
        let made = make(&file);
        let outcome = made.as_ref().map_or_else(EngineError::name, |_| "made");
        let words = made.err().map(|error| contract::with_causes(&error)).unwrap_or_default();
        report.push_str(&format!("{name}, {} bytes: {outcome} in {:?} {words}\n", file.len(), started.elapsed()));
        if !want.contains(&outcome) {
            report.push_str(&format!("WRONG, expected {want:?}\n"));
        }
    }
    println!("{report}");
    assert!(!report.contains("WRONG"), "{report}");
}

#[test]
fn a_larger_budget_draws_what_a_smaller_one_refuses() {
    let layers = svg(
        "width='2000' height='2000'",
        &format!("{}{}", "<g opacity='.9'><circle r='900'/>".repeat(20), "</g>".repeat(20)),
    );
    let make = |budget_bytes: u64| {
        let limits = fixtures::limits(budget_bytes);
        // A quarter of the second of CPU that a drawing has here: other tests are busy too.
        engine::make(&mut layers.as_bytes(), &[small_png(500)], &limits, &mut |_| {})
    };
    for budget_bytes in [1 << 20, 24 << 20] {
        match make(budget_bytes).unwrap_err() {
            EngineError::OverBudget { needed_bytes, budget_bytes: said } => {
                assert!(needed_bytes > budget_bytes && said == budget_bytes, "{needed_bytes} of {said}");
            }
            error => panic!("{error}"),
        }
    }
    make(400 << 20).unwrap();
}

#[test]
fn pages_are_chosen_and_named_where_they_are_not_there() {
    let of = |colour: &str| {
        let page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 90 60] /Contents";
        (format!("{page} {colour} >>").into_bytes(), stream("", format!("{colour} 0 0 90 60 re f").as_bytes()))
    };
    let colours = ["1 0 0 rg", "0 1 0 rg"];
    let objects: Vec<_> = (0..2_usize)
        .flat_map(|index| {
            let (_, content) = of(colours[index]);
            let page = format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 90 60] /Contents {} 0 R >>", 4 + 2 * index);
            [page.into_bytes(), content]
        })
        .collect();
    let file = document(&objects, &["3 0 R", "5 0 R"], "");
    let make = |number: u32| {
        let mut limits = fixtures::limits(BUDGET_BYTES);
        limits.page = number;
        engine::make(&mut file.as_slice(), &[small_png(60)], &limits, &mut |_| {})
    };
    assert_eq!(picture(&make(1).unwrap()).get_pixel(9, 9).0, [255, 0, 0, 255]);
    assert_eq!(picture(&make(2).unwrap()).get_pixel(9, 9).0, [0, 255, 0, 255]);
    assert_refusal(&make(3).unwrap_err(), "unsupported", "no page 3, but 2 in all");
}

#[test]
fn a_password_is_named() {
    let encryption = "/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O (12345678901234567890123456789012) /U \
                      (12345678901234567890123456789012) >> /ID [(1234567890123456) (1234567890123456)]";
    let content = stream("", b"0 0 9 9 re f");
    let page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 90 60] /Contents 4 0 R >>".to_vec();
    let error = make(&document(&[page, content], &["3 0 R"], encryption)).unwrap_err();
    assert_refusal(&error, "unsupported", "a password");
}

#[test]
fn a_cut_file_is_refused_or_said() {
    for (name, file) in [contract::ImageFormat::Svg, contract::ImageFormat::Pdf].into_iter().flat_map(fixtures::files) {
        for part in [1, 3, 5, 7, 9] {
            match make(&file[..file.len() * part / 10]) {
                Ok(made) => assert_eq!((&name[..3], warnings(&made)[0]), ("pdf", "damaged"), "{name}, {part} of 10"),
                Err(error) => assert_eq!(error.name(), "corrupt", "{name}, {part} of 10: {error}"),
            }
        }
    }
}

#[test]
fn without_a_process_it_is_refused_by_name() {
    for format in [contract::ImageFormat::Svg, contract::ImageFormat::Pdf] {
        let file = fixtures::encode(&fixtures::picture().into(), format);
        let error =
            engine::make(&mut file.as_slice(), &[small_png(60)], &Limits::for_budget(BUDGET_BYTES), &mut |_| {});
        assert_refusal(&error.unwrap_err(), "unsupported", "no process to draw it in");
    }
}

#[test]
fn a_gzip_of_anything_else_is_no_image() {
    assert_refusal(&make(&gzip(b"words")).unwrap_err(), "not_an_image", "1f 8b");
}

//! PDF files, written here: objects, a table of where they stand, a trailer.

use image::{DynamicImage, GenericImageView};

use super::{deflate, jpeg, picture};

/// A scan: one page with nothing on it but a JPEG.
pub fn encode(image: &DynamicImage) -> Vec<u8> {
    let (width, height) = image.dimensions();
    let file = jpeg::encode(&image.to_rgb8().into());
    let head = format!(
        "/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceRGB /BitsPerComponent 8 \
         /Filter /DCTDecode"
    );
    let content = format!("q {width} 0 0 {height} 0 0 cm /I Do Q");
    page((width, height), "/XObject << /I 5 0 R >>", content.as_bytes(), &[stream(&head, &file)])
}

/// A stream with its dictionary.
pub fn stream(head: &str, bytes: &[u8]) -> Vec<u8> {
    let start = format!("<< {head} /Length {} >>\nstream\n", bytes.len());
    [start.as_bytes(), bytes, b"\nendstream"].concat()
}

/// One page of that size with those resources and contents; `others` are objects from number 5 on.
pub fn page((width, height): (u32, u32), resources: &str, content: &[u8], others: &[Vec<u8>]) -> Vec<u8> {
    let page = format!(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {width} {height}] /Resources << {resources} >> /Contents 4 0 R >>"
    );
    let objects = [page.into_bytes(), stream("", content)];
    document(&objects.into_iter().chain(others.iter().cloned()).collect::<Vec<_>>(), &["3 0 R"], "")
}

/// A document of those pages, each a reference; `objects` are numbered from 3 on, and `trailer` is added to the trailer.
pub fn document(objects: &[Vec<u8>], pages: &[&str], trailer: &str) -> Vec<u8> {
    let list = format!("<< /Type /Pages /Kids [{}] /Count {} >>", pages.join(" "), pages.len());
    let first = [b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(), list.into_bytes()];
    let mut file = b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec();
    let mut table = String::from("0000000000 65535 f \n");
    for (index, object) in first.iter().chain(objects).enumerate() {
        table.push_str(&format!("{:010} 00000 n \n", file.len()));
        file.extend(format!("{} 0 obj\n", index + 1).bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    let (count, at) = (objects.len() + 3, file.len());
    file.extend(format!("xref\n0 {count}\n{table}trailer\n").bytes());
    file.extend(format!("<< /Size {count} /Root 1 0 R {trailer} >>\nstartxref\n{at}\n%%EOF\n").bytes());
    file
}

/// Paths, text in a font that is not in the file, a picture of its own, a shading.
pub const SHAPES: &[u8] = b"0.9 0.95 1 rg 0 0 90 60 re f 0.1 0.35 0.8 rg 10 10 30 40 re f 1 0 0 RG 3 w 45 10 m 60 50 75 \
    0 85 50 c S q 20 0 0 20 60 30 cm /I Do Q BT /F 14 Tf 8 24 Td (Page) Tj ET q 45 4 40 10 re W n /S sh Q";

pub const RESOURCES: &str = "/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> /XObject << /I 5 0 R >> \
    /Shading << /S << /ShadingType 2 /ColorSpace /DeviceRGB /Coords [45 0 85 0] /Function << /FunctionType 2 /Domain \
    [0 1] /C0 [1 0.8 0] /C1 [0 0.5 0] /N 1 >> >> >>";

/// Four pixels, deflated.
pub fn small_picture() -> Vec<u8> {
    let pixels = deflate(&[255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0]);
    let head = "/Type /XObject /Subtype /Image /Width 2 /Height 2 /ColorSpace /DeviceRGB /BitsPerComponent 8 \
                /Filter /FlateDecode";
    stream(head, &pixels)
}

pub fn files() -> Vec<(&'static str, Vec<u8>)> {
    let shapes = page((90, 60), RESOURCES, SHAPES, &[small_picture()]);
    let deflated = {
        let page = format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 90 60] /Rotate 90 /Resources << {RESOURCES} >> /Contents 4 0 R >>"
        );
        let content = stream("/Filter /FlateDecode", &deflate(SHAPES));
        document(&[page.into_bytes(), content, small_picture()], &["3 0 R"], "")
    };
    vec![
        ("pdf", encode(&picture().into())),
        ("pdf shapes", shapes.clone()),
        ("pdf turned", deflated),
        ("pdf behind a line", [b"From a printer\n".as_slice(), &shapes].concat()),
    ]
}

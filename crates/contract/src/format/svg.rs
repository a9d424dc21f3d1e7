//! Whether a text begins as an SVG does, whatever stands before its root.

/// UTF-8, UTF-16 by its mark, or gzip: no other format is compressed so, and what is in it the engine looks for.
pub(super) fn svg(head: &[u8]) -> bool {
    // The letters that count are ASCII.
    let narrow = |wide: &[u8], at: usize| -> Vec<u8> { wide.iter().skip(at).step_by(2).copied().collect() };
    match head {
        [0x1F, 0x8B, 8, ..] => true,
        [0xFF, 0xFE, wide @ ..] => has_root(&narrow(wide, 0)),
        [0xFE, 0xFF, wide @ ..] => has_root(&narrow(wide, 1)),
        [0xEF, 0xBB, 0xBF, text @ ..] => has_root(text),
        text => has_root(text),
    }
}

/// Behind white space, comments and instructions: a declaration of the document's type, or the root itself.
///
/// Source: XML 1.0, productions 22 (prolog) and 28 (doctypedecl); a prefix of a namespace may stand before the name.
fn has_root(mut text: &[u8]) -> bool {
    loop {
        text = text.trim_ascii_start();
        let end: &[u8] = match text {
            [b'<', b'?', ..] => b"?>",
            [b'<', b'!', b'-', b'-', ..] => b"-->",
            _ => break,
        };
        let Some(at) = text.windows(end.len()).position(|bytes| bytes == end) else { return false };
        text = &text[at + end.len()..];
    }
    let name = match text {
        [b'<', b'!', b'D', b'O', b'C', b'T', b'Y', b'P', b'E', rest @ ..] => rest.trim_ascii_start(),
        [b'<', rest @ ..] => rest,
        _ => return false,
    };
    let end = name.iter().position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/' | b'['));
    let name = &name[..end.unwrap_or(name.len())];
    name == b"svg" || name.ends_with(b":svg")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        std::iter::once('\u{FEFF}').chain(text.chars()).flat_map(|letter| bytes(letter as u16)).collect()
    }

    #[test]
    fn an_svg_is_told_behind_whatever_may_stand_before_it() {
        let check = |text: &str, want| {
            assert_eq!(svg(text.as_bytes()), want, "{text}");
            assert_eq!(svg(&utf_16(text, u16::to_le_bytes)), want, "{text}");
            assert_eq!(svg(&utf_16(text, u16::to_be_bytes)), want, "{text}");
            assert_eq!(svg(format!("\u{FEFF}{text}").as_bytes()), want, "{text}");
        };
        check("<svg xmlns=''>", true);
        check("<svg>", true);
        check(" \r\n\t<svg/>", true);
        check("<?xml version='1.0'?>\n<!-- <html> -->\n<!-- -->\n<svg:svg xmlns:svg=''>", true);
        check(
            "<?xml version='1.0'?><!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'svg11.dtd' [<!ENTITY a 'b'>]>",
            true,
        );
        check("<!DOCTYPE svg[", true);
        check("<!DOCTYPE html><html><svg>", false);
        check("<html><svg>", false);
        check("<!-- <svg> ", false);
        check("<svgs>", false);
        check("svg", false);
        check("<", false);
        check("", false);
    }

    #[test]
    fn a_gzip_may_be_one() {
        assert!(svg(b"\x1F\x8B\x08\0\0\0\0\0"));
        assert!(!svg(b"\x1F\x8B\x07"));
    }
}

//! What stands between the parts of an object that a thumbnail needs is not asked for.

use super::*;

/// A Photoshop document whose composite stands behind layers of so many bytes.
fn document(layers: usize) -> Vec<u8> {
    let mut file = b"8BPS\0\x01\0\0\0\0\0\0\0\x03\0\0\0\x3C\0\0\0\x5A\0\x08\0\x03".to_vec();
    file.extend([0; 8]);
    file.extend((layers as u32).to_be_bytes());
    file.resize(file.len() + layers, 0);
    file.extend([0, 0]);
    for level in [10, 120, 240] {
        file.resize(file.len() + 60 * 90, level);
    }
    file
}

#[test]
fn layers_of_a_document_are_passed_over_by_a_second_get_which_is_counted() {
    for (layers, gets) in [(1 << 20, 1), (12 << 20, 2)] {
        let file = document(layers);
        let length = file.len() as u64;
        let store = with_source(file);
        let task = Task::Make(Job { bytes: length, ..job(&store, "0A") });
        let outcome = run_in(&store, &settings("small"), &task).unwrap();
        assert!(matches!(&outcome, Outcome::Made { warnings, .. } if warnings.is_empty()), "{outcome:?}");
        assert_eq!(store.gets.get(), gets, "{length} bytes");
        let stored = store.stored();
        let image = image::load_from_memory(&stored[0].bytes).unwrap().into_rgb8();
        let pixel = image.get_pixel(40, 30).0;
        assert!(pixel[0] < 40 && pixel[1].abs_diff(120) < 20 && pixel[2] > 210, "{pixel:?}");
    }
}

#[test]
fn an_object_that_is_replaced_before_the_second_get_is_tried_again() {
    let store = with_source(document(12 << 20));
    let task = Task::Make(Job { bytes: 13 << 20, ..job(&store, "0A") });
    store.before_range.replace(Some(Box::new(|store| store.upload(KEY, vec![1]))));
    let error = run_in(&store, &settings("small"), &task).unwrap_err();
    assert!(contract::with_causes(&error).contains("replaced or deleted"), "{error:?}");
}

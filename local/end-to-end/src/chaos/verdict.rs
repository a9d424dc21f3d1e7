//! How a key ended, by what is there of it. Pure.

use contract::Thumbnails;

use super::evidence::Evidence;
use super::traffic::Newest;
use super::want::Want;

/// The end of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The newest version has exactly its thumbnails.
    Thumbnails,
    /// An ordinary skip, by its name. An older version's thumbnails may be there still, here and below.
    Skip { name: &'static str, has_older: bool },
    /// A dead letter names the newest version, with this reason.
    Failure { reason: String, has_older: bool },
    /// It was deleted, and its thumbnails with it.
    Deleted,
    /// Nothing is there and nobody was told.
    Lost,
    /// Thumbnails of an older version are there, or beside the newest one's, and nobody was told.
    Stale,
    /// Thumbnails of the newest version are there, and are not what the engine makes of it.
    Differs,
    /// It was deleted and has thumbnails.
    Orphaned,
}

/// The verdict on `key`, whose newest version is `newest`; `None` is a deletion.
pub(super) fn verdict(key: &str, newest: Option<&Newest>, evidence: &Evidence, thumbnails: &Thumbnails) -> Verdict {
    let keys = thumbnails.keys_of(key);
    let found: Vec<_> = keys.iter().filter_map(|key| Some((key, evidence.thumbnails.get(key)?))).collect();
    let letter = |etag: Option<&str>| {
        let mut letters = evidence.letters.iter();
        letters.find(|letter| letter.key == key && letter.etag.as_deref() == etag).map(|letter| letter.reason.clone())
    };
    let Some(Newest { etag, want, came_back }) = newest else {
        return match (found.is_empty(), letter(None)) {
            (true, _) => Verdict::Deleted,
            (false, Some(reason)) => Verdict::Failure { reason, has_older: true },
            (false, None) => Verdict::Orphaned,
        };
    };
    let of_newest = |found: &&(&String, &super::evidence::Found)| found.1.source_etag == *etag;
    let has_older = found.iter().any(|found| !of_newest(&found));
    if let Want::Thumbnails(want) = want {
        let is_whole = found.len() == want.len() && found.iter().all(|found| of_newest(&found));
        let is_same =
            |(key, bytes): &(String, Vec<u8>)| found.iter().any(|(at, found)| *at == key && found.bytes == *bytes);
        if is_whole && want.iter().all(is_same) {
            return Verdict::Thumbnails;
        }
    }
    // What the deleted version left must not stay, unless somebody was told that the deletion itself failed.
    if *came_back && !matches!(want, Want::Thumbnails(_)) {
        return match (has_older, letter(None), want) {
            (true, None, _) => Verdict::Orphaned,
            (_, Some(reason), _) => Verdict::Failure { reason, has_older },
            (false, None, Want::Skip(name)) => Verdict::Skip { name, has_older },
            (false, None, _) => {
                letter(Some(etag)).map_or(Verdict::Lost, |reason| Verdict::Failure { reason, has_older })
            }
        };
    }
    let of_deletion = || letter(None).filter(|_| *came_back);
    if let Some(reason) = letter(Some(etag)).or_else(of_deletion) {
        return Verdict::Failure { reason, has_older };
    }
    if let Want::Skip(name) = want
        && evidence.lines.iter().any(|line| line.key == key && line.outcome == *name)
    {
        let is_made = found.iter().any(|found| of_newest(&found));
        return if is_made { Verdict::Differs } else { Verdict::Skip { name, has_older } };
    }
    match found.as_slice() {
        [] => Verdict::Lost,
        _ if has_older => Verdict::Stale,
        _ => Verdict::Differs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chaos::evidence::{Found, Letter, Line};

    const KEY: &str = "chaos/s3/1";

    fn newest(want: Want) -> Newest {
        Newest { etag: "\"new\"".into(), want, came_back: false }
    }

    fn picture() -> Newest {
        newest(Want::Thumbnails(vec![(format!("{KEY}/128x128.jpg"), vec![1])]))
    }

    /// `there` are extension, ETag of the source and the only byte of each thumbnail.
    fn evidence(there: &[(&str, &str, u8)], letter: Option<Option<&str>>, line: Option<&str>) -> Evidence {
        let found = |(extension, etag, byte): &(&str, &str, u8)| {
            let found = Found { bytes: vec![*byte], source_etag: format!("\"{etag}\"") };
            (format!("{KEY}/128x128.{extension}"), found)
        };
        let letters = letter.map(|etag| Letter {
            key: KEY.into(),
            etag: etag.map(|etag| format!("\"{etag}\"")),
            reason: "killed".into(),
        });
        let lines = line.map(|outcome| Line {
            key: KEY.into(),
            outcome: outcome.into(),
            is_failure: false,
            is_read: false,
            text: String::new(),
        });
        Evidence {
            thumbnails: there.iter().map(found).collect(),
            letters: letters.into_iter().collect(),
            lines: lines.into_iter().collect(),
        }
    }

    fn check(newest: Option<&Newest>, evidence: &Evidence, want: &Verdict) {
        assert_eq!(verdict(KEY, newest, evidence, &Thumbnails::builtin().unwrap()), *want, "{evidence:?}");
    }

    fn killed(has_older: bool) -> Verdict {
        Verdict::Failure { reason: "killed".into(), has_older }
    }

    #[test]
    fn a_picture_has_its_thumbnails_or_a_letter_or_is_lost() {
        let picture = picture();
        let check = |there: &[_], letter, want: Verdict| check(Some(&picture), &evidence(there, letter, None), &want);
        check(&[("jpg", "new", 1)], None, Verdict::Thumbnails);
        check(&[("jpg", "new", 1)], Some(Some("new")), Verdict::Thumbnails); // Killed after its PUT.
        check(&[], None, Verdict::Lost);
        check(&[], Some(Some("old")), Verdict::Lost);
        check(&[], Some(Some("new")), killed(false));
        check(&[("jpg", "old", 1)], Some(Some("new")), killed(true));
        check(&[("jpg", "old", 1)], None, Verdict::Stale);
        check(&[("jpg", "new", 1), ("png", "old", 1)], None, Verdict::Stale);
        check(&[("jpg", "new", 2)], None, Verdict::Differs);
        check(&[("png", "new", 1)], None, Verdict::Differs);
    }

    #[test]
    fn a_refusal_is_told_and_a_skip_is_logged() {
        let (refusal, skip) = (newest(Want::Refusal), newest(Want::Skip("empty")));
        check(Some(&refusal), &evidence(&[], Some(Some("new")), None), &killed(false));
        check(Some(&refusal), &evidence(&[], None, Some("corrupt")), &Verdict::Lost);
        check(Some(&refusal), &evidence(&[("jpg", "new", 1)], None, None), &Verdict::Differs);
        check(Some(&skip), &evidence(&[], None, Some("empty")), &Verdict::Skip { name: "empty", has_older: false });
        check(Some(&skip), &evidence(&[], None, Some("gone")), &Verdict::Lost);
        check(Some(&skip), &evidence(&[], Some(Some("new")), None), &killed(false));
    }

    #[test]
    fn a_version_that_came_back_leaves_nothing_of_the_deleted_one() {
        let back = |want| Newest { came_back: true, ..newest(want) };
        let (refusal, skip, picture) = (back(Want::Refusal), back(Want::Skip("empty")), back(picture().want));
        let stays = [("jpg", "old", 1)];
        check(Some(&skip), &evidence(&[], None, None), &Verdict::Skip { name: "empty", has_older: false });
        check(Some(&skip), &evidence(&stays, None, Some("empty")), &Verdict::Orphaned);
        check(Some(&refusal), &evidence(&stays, Some(Some("new")), None), &Verdict::Orphaned);
        check(Some(&refusal), &evidence(&[], Some(Some("new")), None), &killed(false));
        check(Some(&refusal), &evidence(&[], None, None), &Verdict::Lost);
        // The event of the deletion failed, and somebody was told.
        check(Some(&skip), &evidence(&stays, Some(None), None), &killed(true));
        check(Some(&picture), &evidence(&stays, Some(None), None), &killed(true));
        check(Some(&picture), &evidence(&stays, None, None), &Verdict::Stale);
    }

    #[test]
    fn a_deletion_leaves_nothing_or_a_letter() {
        check(None, &evidence(&[], None, None), &Verdict::Deleted);
        check(None, &evidence(&[("jpg", "new", 1)], None, None), &Verdict::Orphaned);
        check(None, &evidence(&[("jpg", "new", 1)], Some(None), None), &killed(true));
        check(None, &evidence(&[("jpg", "new", 1)], Some(Some("new")), None), &Verdict::Orphaned);
    }
}

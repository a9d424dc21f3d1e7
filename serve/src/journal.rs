//! What was taken over and is not done yet, on disk: a file of lines to which is only added, and which is synced before
//! anybody is told that something is safe.
//!
//! `{"put":7,"entry":{…}}` and `{"done":7}`. What is written at the same time is synced at once. A line that a crash cut
//! off was never promised to anybody, and is left out. Where little of the file is of use any more, it is written anew.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use contract::PutOff;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::durable;

/// Below that nothing is written anew, in bytes.
const SMALL_BYTES: u64 = 4 << 20;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Entry {
    /// An event that the dispatcher looks at.
    Event {
        event: Value,
        /// Not before, in milliseconds since 1970.
        #[serde(default)]
        at_ms: u64,
    },
    /// A task or an object that comes again.
    Later {
        put_off: PutOff,
        /// Not before, in milliseconds since 1970.
        at_ms: u64,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Put { put: u64, entry: Box<Entry> },
    Done { done: u64 },
}

#[derive(Serialize)]
struct Put<'entry> {
    put: u64,
    entry: &'entry Entry,
}

/// An order to the thread that writes.
enum Order {
    Put { id: u64, line: String, answer: oneshot::Sender<Result<(), String>> },
    Done { id: u64 },
}

/// The file, by way of the thread that writes it.
#[derive(Debug)]
pub(crate) struct Journal {
    orders: Mutex<Sender<Order>>,
    next: AtomicU64,
    /// How many entries are not done.
    waiting: AtomicU64,
}

/// The file itself.
struct Written {
    path: PathBuf,
    file: File,
    bytes: u64,
    live: BTreeMap<u64, String>,
    live_bytes: u64,
}

impl Journal {
    /// Opens or makes the journal of `folder`; returns with it what is not done yet, in its order.
    ///
    /// # Errors
    /// What cannot be read or written, and a line in the middle that is none: that is damage, and nothing is guessed.
    pub(crate) fn open(folder: &Path) -> io::Result<(Self, Vec<(u64, Entry)>)> {
        let path = folder.join("journal");
        let entries = read(&path)?;
        let live: BTreeMap<_, _> = entries.iter().map(|(id, entry)| (*id, line_of(*id, entry))).collect();
        let written = Written::anew(path, live)?;
        let (orders, received) = channel();
        std::thread::Builder::new().name("journal".to_owned()).spawn(move || written.write(&received))?;
        let next = entries.last().map_or(1, |(id, _)| id + 1);
        let waiting = AtomicU64::new(entries.len() as u64);
        Ok((Self { orders: Mutex::new(orders), next: AtomicU64::new(next), waiting }, entries))
    }

    /// Writes an entry; returns when it is on the disk.
    ///
    /// # Errors
    /// The sentence for what the disk said.
    pub(crate) async fn put(&self, entry: &Entry) -> Result<u64, String> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (answer, written) = oneshot::channel();
        self.order(Order::Put { id, line: line_of(id, entry), answer });
        written.await.unwrap_or_else(|_| Err("the journal's thread has ended".to_owned()))?;
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Ok(id)
    }

    /// Notes that an entry is done. Nobody waits for it: what is done twice is found done.
    pub(crate) fn done(&self, id: u64) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.order(Order::Done { id });
    }

    /// How many entries are not done.
    pub(crate) fn waiting(&self) -> u64 {
        self.waiting.load(Ordering::Relaxed)
    }

    fn order(&self, order: Order) {
        // The thread ends with the process.
        let _ = self.orders.lock().unwrap_or_else(std::sync::PoisonError::into_inner).send(order);
    }
}

fn line_of(id: u64, entry: &Entry) -> String {
    let mut text = serde_json::to_string(&Put { put: id, entry }).expect("strings, numbers and JSON serialise");
    text.push('\n');
    text
}

fn read(path: &Path) -> io::Result<Vec<(u64, Entry)>> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    // What stands behind the last line's end was being written when the process died.
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let mut live = BTreeMap::new();
    for (number, line) in text[..whole].split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty()) {
        match serde_json::from_slice(line) {
            Ok(Line::Put { put, entry }) => drop(live.insert(put, *entry)),
            Ok(Line::Done { done }) => drop(live.remove(&done)),
            Err(error) => {
                let path = path.display();
                let message =
                    format!("{path}: line {} is no line of a journal: {error}; move the file away", number + 1);
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
        }
    }
    Ok(live.into_iter().collect())
}

impl Written {
    /// A file with nothing but `live`, in the place of the one before.
    fn anew(path: PathBuf, live: BTreeMap<u64, String>) -> io::Result<Self> {
        durable::write(&path, live.values())?;
        let file = OpenOptions::new().append(true).open(&path)?;
        let live_bytes = live.values().map(|line| line.len() as u64).sum();
        Ok(Self { path, file, bytes: live_bytes, live, live_bytes })
    }

    fn write(mut self, orders: &Receiver<Order>) {
        while let Ok(first) = orders.recv() {
            let (mut text, mut answers) = (String::new(), Vec::new());
            for order in std::iter::once(first).chain(orders.try_iter()) {
                match order {
                    Order::Put { id, line, answer } => {
                        text.push_str(&line);
                        answers.push((id, line, answer));
                    }
                    Order::Done { id } => {
                        text.push_str(&format!("{{\"done\":{id}}}\n"));
                        let line = self.live.remove(&id);
                        self.live_bytes -= line.map_or(0, |line| line.len() as u64);
                    }
                }
            }
            let result = self.add(&text, !answers.is_empty());
            for (id, line, answer) in answers {
                if result.is_ok() {
                    self.live_bytes += line.len() as u64;
                    self.live.insert(id, line);
                }
                // Who asked may have gone; then it is done once more.
                let _ = answer.send(result.clone());
            }
        }
    }

    fn add(&mut self, text: &str, is_promised: bool) -> Result<(), String> {
        let written = self.file.write_all(text.as_bytes());
        let written = if is_promised { written.and_then(|()| self.file.sync_data()) } else { written };
        self.bytes += text.len() as u64;
        // Half a line may stand there now, to which nothing may be added: the file is written anew without it.
        let is_large = self.bytes > SMALL_BYTES && self.bytes > 4 * self.live_bytes;
        if written.is_err() || is_large {
            let renewed = Self::anew(self.path.clone(), self.live.clone());
            match renewed {
                Ok(renewed) => {
                    *self = renewed;
                    if is_promised && written.is_ok() {
                        // What was just promised is not among the live ones yet.
                        self.file
                            .write_all(text.as_bytes())
                            .and_then(|()| self.file.sync_data())
                            .map_err(|error| in_words(&error))?;
                        self.bytes += text.len() as u64;
                    }
                }
                Err(error) if written.is_ok() => eprintln!("thumbtier: {}", in_words(&error)),
                Err(_) => {}
            }
        }
        written.map_err(|error| in_words(&error))
    }
}

fn in_words(error: &io::Error) -> String {
    format!("the journal cannot be written: {error}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scratch::Scratch;

    fn entry(number: u32) -> Entry {
        Entry::Event { event: json!({ "number": number }), at_ms: 0 }
    }

    #[tokio::test]
    async fn what_is_not_done_is_there_after_a_crash() {
        let folder = Scratch::new("serve-journal-crash");
        let (journal, before) = Journal::open(&folder).unwrap();
        assert!(before.is_empty());
        let first = journal.put(&entry(1)).await.unwrap();
        let second = journal.put(&entry(2)).await.unwrap();
        journal.done(first);
        // A put is written after what was done before it.
        let third = journal.put(&entry(3)).await.unwrap();
        assert_eq!(journal.waiting(), 2);
        // The process is killed in the middle of a line.
        let mut file = OpenOptions::new().append(true).open(folder.join("journal")).unwrap();
        file.write_all(b"{\"put\":9,\"ent").unwrap();
        let (again, left) = Journal::open(&folder).unwrap();
        assert_eq!(left, [(second, entry(2)), (third, entry(3))]);
        assert!(again.put(&entry(4)).await.unwrap() > third);
    }

    #[test]
    fn damage_is_told_and_not_guessed() {
        let folder = Scratch::new("serve-journal-damage");
        fs::write(folder.join("journal"), "{\"done\":1}\nnonsense\n{\"done\":2}\n").unwrap();
        let message = Journal::open(&folder).unwrap_err().to_string();
        assert!(message.contains("line 2") && message.contains("move the file away"), "{message}");
    }

    #[tokio::test]
    async fn a_journal_does_not_grow_for_ever() {
        let folder = Scratch::new("serve-journal-growth");
        let (journal, _) = Journal::open(&folder).unwrap();
        let large = Entry::Event { event: json!("x".repeat(200_000)), at_ms: 0 };
        let kept = journal.put(&entry(7)).await.unwrap();
        for _ in 0..60 {
            let id = journal.put(&large).await.unwrap();
            journal.done(id);
        }
        let last = journal.put(&entry(8)).await.unwrap();
        assert!(fs::metadata(folder.join("journal")).unwrap().len() < 6 << 20);
        drop(journal);
        let (_, left) = Journal::open(&folder).unwrap();
        let ids: Vec<_> = left.iter().map(|(id, _)| *id).collect();
        assert!(ids.contains(&kept) && ids.contains(&last), "{ids:?}");
    }
}

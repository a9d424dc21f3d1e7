//! The few words of Redis that a queue needs. **Source:** Redis documentation, "Redis serialization protocol", RESP2.

use std::str::FromStr;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an answer may take; `BLMOVE` waits for 2 s itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest text that is read, in bytes: an event has a kilobyte.
const MAX_BYTES: usize = 16 << 20;

/// Where Redis is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    /// Host and port.
    pub(super) address: String,
    user: String,
    password: String,
    database: String,
}

/// An address that is none.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}`: expected redis://[[USER]:PASSWORD@]HOST[:PORT][/DATABASE]; for TLS put a proxy such as stunnel between"
)]
pub(crate) struct BadUrl(String);

impl FromStr for Url {
    type Err = BadUrl;

    fn from_str(text: &str) -> Result<Self, BadUrl> {
        // No password into a message.
        let shown = text.rsplit_once('@').map_or(text, |(_, place)| place);
        let bad = || BadUrl(shown.to_owned());
        let rest = text.strip_prefix("redis://").ok_or_else(bad)?;
        let (who, place) = rest.rsplit_once('@').unwrap_or(("", rest));
        let (address, database) = place.split_once('/').unwrap_or((place, ""));
        if address.is_empty() || !database.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(bad());
        }
        let has_port = address.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let address = if has_port { address.to_owned() } else { format!("{address}:6379") };
        let (user, password) = who.split_once(':').unwrap_or(("", who));
        let decoded =
            |text| percent_decode_str(text).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|_| bad());
        Ok(Self { address, user: decoded(user)?, password: decoded(password)?, database: database.to_owned() })
    }
}

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Nothing,
    Number(i64),
    Text(Vec<u8>),
    /// Of texts: no command here has others.
    List(Vec<Vec<u8>>),
}

/// One connection; one question at a time.
#[derive(Debug)]
pub(super) struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Connects and signs in.
    pub(super) async fn open(url: &Url) -> Result<Self, String> {
        let connecting = timeout(PATIENCE, TcpStream::connect(&url.address)).await;
        let stream = connecting.map_err(|_| "no connection in 10 s".to_owned())?.map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let mut connection = Self { stream: BufReader::new(stream) };
        if !url.password.is_empty() {
            let mut auth = vec!["AUTH"];
            auth.extend([url.user.as_str(), &url.password].iter().filter(|word| !word.is_empty()));
            connection.ask(&auth).await?;
        }
        if !url.database.is_empty() {
            connection.ask(&["SELECT", &url.database]).await?;
        }
        Ok(connection)
    }

    /// Sends a command and waits for its answer.
    pub(super) async fn ask(&mut self, words: &[&str]) -> Result<Reply, String> {
        let words: Vec<_> = words.iter().map(|word| word.as_bytes()).collect();
        self.ask_bytes(&words).await
    }

    /// The same with words that are no text.
    pub(super) async fn ask_bytes(&mut self, words: &[&[u8]]) -> Result<Reply, String> {
        let mut request = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            request.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            request.extend_from_slice(word);
            request.extend_from_slice(b"\r\n");
        }
        let asked = async {
            self.stream.write_all(&request).await.map_err(|error| error.to_string())?;
            self.reply().await
        };
        timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err("no answer in 10 s".to_owned()))
    }

    async fn reply(&mut self) -> Result<Reply, String> {
        let line = self.line().await?;
        match line.split_at_checked(1) {
            Some(("*", "-1")) => Ok(Reply::Nothing),
            Some(("*", count)) => {
                let mut list = Vec::new();
                for _ in 0..length(count)? {
                    let line = self.line().await?;
                    match self.scalar(&line).await? {
                        Reply::Text(text) => list.push(text),
                        other => return Err(format!("a list with {other:?} in it")),
                    }
                }
                Ok(Reply::List(list))
            }
            _ => self.scalar(&line).await,
        }
    }

    async fn scalar(&mut self, line: &str) -> Result<Reply, String> {
        match line.split_at_checked(1) {
            Some(("+", text)) => Ok(Reply::Text(text.into())),
            Some(("-", text)) => Err(text.to_owned()),
            Some((":", number)) => number.parse().map(Reply::Number).map_err(|_| unexpected(line)),
            Some(("$", "-1")) => Ok(Reply::Nothing),
            Some(("$", bytes)) => {
                let mut text = vec![0; length(bytes)? + 2];
                self.stream.read_exact(&mut text).await.map_err(|error| error.to_string())?;
                text.truncate(text.len() - 2);
                Ok(Reply::Text(text))
            }
            _ => Err(unexpected(line)),
        }
    }

    async fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).await.map_err(|error| error.to_string())?;
        if read == 0 {
            return Err("the connection was closed".to_owned());
        }
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    }
}

fn length(text: &str) -> Result<usize, String> {
    let length = text.parse().ok().filter(|length| *length <= MAX_BYTES);
    length.ok_or_else(|| format!("a length of {text}, at most {MAX_BYTES} are read"))
}

fn unexpected(line: &str) -> String {
    format!("`{line}` is no answer of Redis")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_defaults_and_no_secrets_in_messages() {
        let check = |text: &str, want: (&str, &str, &str, &str)| {
            let Url { address, user, password, database } = text.parse().unwrap();
            assert_eq!((address.as_str(), user.as_str(), password.as_str(), database.as_str()), want, "{text}");
        };
        check("redis://queue", ("queue:6379", "", "", ""));
        check("redis://:p%40ss@queue:7000/2", ("queue:7000", "", "p@ss", "2"));
        check("redis://me:secret@127.0.0.1", ("127.0.0.1:6379", "me", "secret", ""));
        for text in ["rediss://:secret@queue", "queue:6379", "redis://", "redis://:secret@queue/x"] {
            let message = text.parse::<Url>().unwrap_err().to_string();
            assert!(message.contains("expected redis://") && !message.contains("secret"), "{message}");
        }
    }

    #[tokio::test]
    async fn answers_are_read_as_redis_writes_them() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Url = format!("redis://{}", listener.local_addr().unwrap()).parse().unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let answers =
                ["+OK\r\n", ":3\r\n", "$5\r\na\r\nbc\r\n", "$-1\r\n", "*2\r\n$1\r\na\r\n$2\r\nbb\r\n", "*-1\r\n"];
            let mut asked = [0; 256];
            for answer in answers {
                assert!(stream.read(&mut asked).await.unwrap() > 0);
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
            assert!(stream.read(&mut asked).await.unwrap() > 0);
            assert!(asked.starts_with(b"*1\r\n$4\r\nPING\r\n"));
            stream.write_all(b"-ERR no\r\n").await.unwrap();
        };
        let client = async {
            let mut redis = Connection::open(&url).await.unwrap();
            assert_eq!(redis.ask(&["SET"]).await, Ok(Reply::Text(b"OK".to_vec())));
            assert_eq!(redis.ask(&["LREM"]).await, Ok(Reply::Number(3)));
            assert_eq!(redis.ask(&["GET"]).await, Ok(Reply::Text(b"a\r\nbc".to_vec())));
            assert_eq!(redis.ask(&["GET"]).await, Ok(Reply::Nothing));
            assert_eq!(redis.ask(&["SMEMBERS"]).await, Ok(Reply::List(vec![b"a".to_vec(), b"bb".to_vec()])));
            assert_eq!(redis.ask(&["BLMOVE"]).await, Ok(Reply::Nothing));
            assert_eq!(redis.ask(&["PING"]).await, Err("ERR no".to_owned()));
        };
        tokio::join!(server, client);
    }
}

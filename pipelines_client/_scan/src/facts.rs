//! What the ledger says of a message on any leg, of messages as the client's log keeps them.

use crate::hash::{as_hex, Blake};
use crate::json::{at, first, key, name, next, number, skip_text, special, value, Odd, Sure, Value};

const MAX_LEVELS: u32 = 64;
const MOST_EXACT_DIGITS: usize = 15; // so many survive a double
const FIRST_THAT_SORTS_OTHERWISE: u8 = 0xf0; // from U+10000 on, UTF-8 and UTF-16 sort differently
const DIGEST_BYTES: u64 = 8;
const EMPTY: &[u8] = b"{}";

/// Where a field stands in `Fields`.
#[derive(Clone, Copy)]
enum Field {
    Id,
    Type,
    Event,
    Name,
    User,
    Anonymous,
    Group,
    Timestamp,
}
const FIELDS: usize = Field::Timestamp as usize + 1;

/// A payload: where it is, and the zeros after a point in it that its canonical form does not have.
#[derive(Default)]
struct Payload {
    begin: usize,
    end: usize,
    zeros: Vec<usize>,
}

/// Describes messages; it is used for one call.
pub struct Describer {
    plain: Blake,
    keyed: Blake,
    spelled: Vec<u8>,
}

impl Describer {
    pub fn new(key: &[u8]) -> Describer {
        Describer { plain: Blake::new(DIGEST_BYTES), keyed: Blake::keyed(DIGEST_BYTES, key), spelled: Vec::new() }
    }

    /// Appends the facts of a message without their last bracket; nothing if it is odd.
    pub fn describe(&mut self, stamp: &[u8], body: &[u8], into: &mut Vec<u8>) {
        let begin = into.len();
        if self.written(stamp, body, into).is_err() {
            into.truncate(begin);
        }
    }

    fn written(&mut self, stamp: &[u8], body: &[u8], into: &mut Vec<u8>) -> Sure<()> {
        if !stamp.starts_with(b"{\"stage\":") {
            return Err(Odd);
        }
        let mut values = [Value::Absent; FIELDS];
        let mut payloads = [None, None];
        read(body, &mut values, &mut payloads)?;
        let text = |field: Field| match values[field as usize] {
            Value::Absent | Value::Null => Ok(&b""[..]),
            Value::Text(start, end) => Ok(&body[start..end]),
            Value::Other(_) => Err(Odd),
        };
        let (id, kind) = (text(Field::Id)?, text(Field::Type)?);
        let has_traits = match kind {
            b"track" | b"page" | b"screen" => Some(false),
            b"identify" | b"group" => Some(true),
            b"alias" => None,
            _ => return Err(Odd),
        };
        if id.is_empty() {
            return Err(Odd);
        }
        put(into, &[b"{\"message_id\":\"", id, b"\",\"type\":\"", kind, b"\",\"event\":"]);
        let called = if kind == b"track" { Field::Event } else { Field::Name };
        match values[called as usize] {
            Value::Text(start, end) => put(into, &[b"\"", &body[start..end], b"\""]),
            Value::Absent | Value::Null => put(into, &[b"null"]),
            Value::Other(_) => return Err(Odd),
        }
        put(into, &[b",\"identity\":"]);
        let ids = [(Field::User, &b"user:"[..]), (Field::Anonymous, b"anonymous:"), (Field::Group, b"group:")];
        let mut is_found = false;
        for (field, prefix) in ids {
            let id = text(field)?;
            if !id.is_empty() && !is_found {
                is_found = true;
                self.spelled.clear();
                put(&mut self.spelled, &[prefix, id]);
                put_hash(into, &self.keyed, &self.spelled);
            }
        }
        if !is_found {
            put(into, &[b"null"]);
        }
        put(into, &[b",\"occurred_at\":\"", instant(text(Field::Timestamp)?)?, b"Z\",\"payload_hash\":"]);
        let payload = has_traits.and_then(|has_traits| payloads[has_traits as usize].as_ref());
        let canonical = match payload {
            None => EMPTY,
            Some(payload) if payload.zeros.is_empty() => &body[payload.begin..payload.end],
            Some(payload) => {
                self.spelled.clear();
                let mut begin = payload.begin;
                for &zero in &payload.zeros {
                    self.spelled.extend_from_slice(&body[begin..zero]);
                    begin = zero + 2;
                }
                self.spelled.extend_from_slice(&body[begin..payload.end]);
                &self.spelled
            }
        };
        put_hash(into, &self.plain, canonical);
        put(into, &[b",\"body_bytes\":", body.len().to_string().as_bytes(), b",", &stamp[1..]]);
        Ok(())
    }
}

fn put(into: &mut Vec<u8>, parts: &[&[u8]]) {
    parts.iter().for_each(|part| into.extend_from_slice(part));
}

fn put_hash(into: &mut Vec<u8>, hasher: &Blake, text: &[u8]) {
    into.push(b'"');
    as_hex(&hasher.of(text)[0].to_le_bytes(), into);
    into.push(b'"');
}

/// An instant as the client spells it, without its offset, which must be that of UTC.
fn instant(text: &[u8]) -> Sure<&[u8]> {
    let form = b"0000-00-00T00:00:00.000+00:00";
    let is_usual = text.len() == form.len()
        && text.iter().zip(form).all(|(&byte, &is)| if is == b'0' { byte.is_ascii_digit() } else { byte == is })
        && text.ends_with(b"+00:00");
    if is_usual {
        Ok(&text[..text.len() - b"+00:00".len()])
    } else {
        Err(Odd)
    }
}

/// Reads the fields of a body; payloads are properties, then traits.
fn read(body: &[u8], values: &mut [Value; FIELDS], payloads: &mut [Option<Payload>; 2]) -> Sure<()> {
    if at(body, 0)? != b'{' {
        return Err(Odd);
    }
    let (mut is_more, mut place) = first(body, 0, b'}')?;
    while is_more {
        let (span, begin) = key(body, place)?;
        let field = match &body[span.0..span.1] {
            b"messageId" => Some(Field::Id),
            b"type" => Some(Field::Type),
            b"event" => Some(Field::Event),
            b"name" => Some(Field::Name),
            b"userId" => Some(Field::User),
            b"anonymousId" => Some(Field::Anonymous),
            b"groupId" => Some(Field::Group),
            b"timestamp" => Some(Field::Timestamp),
            _ => None,
        };
        let end = match (field, &body[span.0..span.1]) {
            (Some(field), _) => {
                let (found, end) = value(body, begin)?;
                if values[field as usize] != Value::Absent {
                    return Err(Odd);
                }
                values[field as usize] = found;
                end
            }
            (None, b"integrations") => name(body, begin, EMPTY)?,
            (None, b"properties" | b"traits") => {
                let which = &mut payloads[(body[span.0] == b't') as usize];
                if which.is_some() || at(body, begin)? != b'{' {
                    return Err(Odd);
                }
                let mut payload = Payload { begin, ..Payload::default() };
                payload.end = exact(body, begin, 0, &mut payload.zeros)?;
                let end = payload.end;
                *which = Some(payload);
                end
            }
            _ => crate::json::skip(body, begin, 0)?,
        };
        (is_more, place) = next(body, end, b'}')?;
    }
    if place == body.len() {
        Ok(())
    } else {
        Err(Odd)
    }
}

/// The place after a value that orjson wrote with sorted keys, if that is its canonical form but for some `.0`.
fn exact(line: &[u8], place: usize, level: u32, zeros: &mut Vec<usize>) -> Sure<usize> {
    if level > MAX_LEVELS {
        return Err(Odd);
    }
    match at(line, place)? {
        b'"' => exact_text(line, place),
        b'{' => {
            let (mut is_more, mut place) = first(line, place, b'}')?;
            while is_more {
                if at(line, place)? != b'"' {
                    return Err(Odd);
                }
                let colon = exact_text(line, place)?;
                if at(line, colon)? != b':' {
                    return Err(Odd);
                }
                let end = exact(line, colon + 1, level + 1, zeros)?;
                (is_more, place) = next(line, end, b'}')?;
            }
            Ok(place)
        }
        b'[' => {
            let (mut is_more, mut place) = first(line, place, b']')?;
            while is_more {
                let end = exact(line, place, level + 1, zeros)?;
                (is_more, place) = next(line, end, b']')?;
            }
            Ok(place)
        }
        b't' => name(line, place, b"true"),
        b'f' => name(line, place, b"false"),
        b'n' => name(line, place, b"null"),
        _ => exact_number(line, place, zeros),
    }
}

fn exact_text(line: &[u8], place: usize) -> Sure<usize> {
    let found = special(line, place + 1)?;
    let end = if line[found] == b'"' { found + 1 } else { skip_text(line, found)? };
    if line[place..end].iter().any(|&byte| byte >= FIRST_THAT_SORTS_OTHERWISE) {
        return Err(Odd);
    }
    Ok(end)
}

fn exact_number(line: &[u8], place: usize, zeros: &mut Vec<usize>) -> Sure<usize> {
    let found = number(line, place)?;
    let spelled = &line[place..found.end];
    let digits = spelled.iter().skip((spelled[0] == b'-') as usize).take_while(|byte| byte.is_ascii_digit()).count();
    if found.has_exponent || digits > MOST_EXACT_DIGITS {
        return Err(Odd);
    }
    if spelled.ends_with(b".0") {
        if spelled == b"-0.0" {
            return Err(Odd);
        }
        zeros.push(found.end - 2);
    }
    Ok(found.end)
}

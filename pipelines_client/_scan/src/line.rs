//! The fields of a line that facts need, in the layout of Segment's archive or of Customer.io's storage files.

use crate::json::{at, first, key, name, next, skip, value, Odd, Sure, Value};

#[derive(Clone, Copy, PartialEq)]
pub enum Layout {
    Segment,
    Customerio,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Field {
    Id,
    Type,
    Event,
    EventText,
    Name,
    User,
    Anonymous,
    Group,
    Previous,
    Original,
    Timestamp,
    Sent,
    Received,
    WriteKey,
    Properties,
    Traits,
    Context,
}

const FIELDS: usize = Field::Context as usize + 1;

/// The fields of one line: spans of texts, places of objects.
pub struct Fields {
    values: [Value; FIELDS],
    pub library: Value,
    pub version: Value,
}

fn field_of(layout: Layout, key: &[u8]) -> Option<Field> {
    use Field::*;
    let found = match key {
        b"event" => Event,
        b"name" => Name,
        b"properties" => Properties,
        b"traits" => Traits,
        b"context" => Context,
        b"type" => Type,
        _ if layout == Layout::Segment => match key {
            b"messageId" => Id,
            b"userId" => User,
            b"anonymousId" => Anonymous,
            b"groupId" => Group,
            b"previousId" => Previous,
            b"originalTimestamp" => Original,
            b"timestamp" => Timestamp,
            b"sentAt" => Sent,
            b"receivedAt" => Received,
            b"writeKey" => WriteKey,
            _ => return None,
        },
        _ => match key {
            b"id" => Id,
            b"event_text" => EventText,
            b"user_id" => User,
            b"anonymous_id" => Anonymous,
            b"group_id" => Group,
            b"previous_id" => Previous,
            b"sent_at" => Sent,
            b"received_at" => Received,
            _ => return None,
        },
    };
    Some(found)
}

impl Fields {
    pub fn get(&self, field: Field) -> Value {
        self.values[field as usize]
    }

    /// A text; empty if it is null or absent.
    pub fn text<'a>(&self, line: &'a [u8], field: Field) -> Sure<&'a [u8]> {
        text_in(line, self.get(field))
    }

    /// Reads a line up to its last bracket, and returns the place after it.
    pub fn read(layout: Layout, line: &[u8], place: usize) -> Sure<(Fields, usize)> {
        let mut fields = Fields { values: [Value::Absent; FIELDS], library: Value::Absent, version: Value::Absent };
        if at(line, place)? != b'{' {
            return Err(Odd);
        }
        let (mut is_more, mut place) = first(line, place, b'}')?;
        while is_more {
            let (span, begin) = key(line, place)?;
            let end = match field_of(layout, &line[span.0..span.1]) {
                None => skip(line, begin, 0)?,
                Some(field) if fields.get(field) != Value::Absent => return Err(Odd),
                Some(Field::Context) => {
                    fields.values[Field::Context as usize] = Value::Other(begin);
                    fields.read_context(line, begin)?
                }
                Some(field) => {
                    let (found, end) = value(line, begin)?;
                    fields.values[field as usize] = found;
                    end
                }
            };
            (is_more, place) = next(line, end, b'}')?;
        }
        Ok((fields, place))
    }

    fn read_context(&mut self, line: &[u8], place: usize) -> Sure<usize> {
        if at(line, place)? == b'n' {
            return name(line, place, b"null");
        }
        let mut has_library = false;
        each(line, place, |key, begin| {
            match key {
                b"library" => (),
                b"traits" => return name(line, begin, b"null"), // else it may say who the person is
                _ => return skip(line, begin, 0),
            }
            if has_library {
                return Err(Odd);
            }
            has_library = true;
            self.read_library(line, begin)
        })
    }

    fn read_library(&mut self, line: &[u8], place: usize) -> Sure<usize> {
        each(line, place, |key, begin| {
            let part = match key {
                b"name" => &mut self.library,
                b"version" => &mut self.version,
                _ => return skip(line, begin, 0),
            };
            let (found, end) = value(line, begin)?;
            if *part != Value::Absent {
                return Err(Odd);
            }
            *part = found;
            Ok(end)
        })
    }
}

/// Reads each key of an object with `read`, which returns the place after its value.
fn each(line: &[u8], place: usize, mut read: impl FnMut(&[u8], usize) -> Sure<usize>) -> Sure<usize> {
    if at(line, place)? != b'{' {
        return Err(Odd);
    }
    let (mut is_more, mut place) = first(line, place, b'}')?;
    while is_more {
        let (span, begin) = key(line, place)?;
        let end = read(&line[span.0..span.1], begin)?;
        (is_more, place) = next(line, end, b'}')?;
    }
    Ok(place)
}

pub fn text_in(line: &[u8], value: Value) -> Sure<&[u8]> {
    match value {
        Value::Absent | Value::Null => Ok(b""),
        Value::Text(start, end) => Ok(&line[start..end]),
        Value::Other(_) => Err(Odd),
    }
}

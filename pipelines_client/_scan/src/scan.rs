//! Lines become rows of columns. Each line is either taken whole or left, and then nothing of it is kept.

use std::panic::{catch_unwind, AssertUnwindSafe};

use crate::canon::{is_over, Payload};
use crate::dates::{Seconds, DAY_MS, NONE};
use crate::hash::Blake;
use crate::json::{space, Odd, Span, Sure, Value};
use crate::line::{text_in, Field, Fields, Layout};
use crate::rows::{Rows, Tables};
use crate::table::Place;

const LONG: usize = 1000; // an id or a name that is longer is odd
const SHORT_HASHES: u64 = (1 << 21) - 1; // `fact.ID_BITS`
const NO_NAME: i64 = 2;
const NO_GROUP_ID: i64 = 32;
const NO_TIME: i64 = 128;

/// The calls that are taken, in the order of `_scan.TYPES`.
const TYPES: [&[u8]; 4] = [b"track", b"page", b"screen", b"identify"];
const IDENTIFY: u8 = 3;

/// Kinds of identities, in the order of `_scan.IDENTITIES`.
const NOT_KNOWN: u8 = 0;
const USER: u8 = 1;
const ANONYMOUS: u8 = 2;
const GROUP: u8 = 3;

pub struct Scanner {
    layout: Layout,
    ids: Blake,
    payloads: Blake,
    identities: Blake,
    traits: Blake,
    seconds: Seconds,
    payload: Payload,
    text: Vec<u8>,
    pub rows: Rows,
    pub tables: Tables,
}

/// A line that was taken, before its row is written.
struct Row<'a> {
    id: &'a [u8],
    type_: u8,
    identity_kind: u8,
    identity: u64,
    person: &'a [u8],
    occurred: i64,
    received: i64,
    sent: i64,
    is_reduced: i64,
    other_ids: i64,
    event: &'a [u8],
    library: &'a [u8],
    version: &'a [u8],
    suffix: &'a [u8],
    before: Option<u64>,
    email: Option<&'a [u8]>,
    payload_hash: i64,
}

impl Scanner {
    pub fn new(layout: Layout, key: &[u8]) -> Scanner {
        Scanner {
            layout,
            ids: Blake::new(16),
            payloads: Blake::new(8),
            identities: Blake::keyed(8, key),
            traits: Blake::salted(8, Blake::new(16).of(key)),
            seconds: Seconds::default(),
            payload: Payload::default(),
            text: Vec::new(),
            rows: Rows::default(),
            tables: Tables::default(),
        }
    }

    /// Takes a line, and returns when it was received. `type_` is the one that the file's name says, if it says one.
    pub fn take(
        &mut self,
        line: &[u8],
        type_: Option<u8>,
        origin: u32,
        place: Place,
        jumps: impl Fn(i64) -> bool,
    ) -> Sure<i64> {
        // A panic costs the line its speed: what `read` changes is cleared for the next line.
        let row = catch_unwind(AssertUnwindSafe(|| self.read(line, type_))).unwrap_or(Err(Odd))?;
        if jumps(row.received) {
            return Err(Odd);
        }
        let received = row.received;
        self.write(line, &row, origin, place);
        Ok(received)
    }

    fn read<'a>(&mut self, line: &'a [u8], type_: Option<u8>) -> Sure<Row<'a>> {
        std::str::from_utf8(line).map_err(|_| Odd)?;
        let (fields, end) = Fields::read(self.layout, line, space(line, 0))?;
        if !is_over(line, end) || !matches!(fields.get(Field::Previous), Value::Absent | Value::Null) {
            return Err(Odd);
        }
        let is_segment = self.layout == Layout::Segment;
        let given = fields.text(line, Field::Type);
        let type_ = match type_ {
            Some(type_) => type_,
            None => {
                let given = given?;
                TYPES.iter().position(|name| *name == given).ok_or(Odd)? as u8
            }
        };
        let id = short(fields.text(line, Field::Id)?)?;
        if id.is_empty() {
            return Err(Odd);
        }
        let payload_hash = self.payload_hash(line, &fields, type_)?;
        let (received, sent) =
            (self.instant(line, &fields, Field::Received)?, self.instant(line, &fields, Field::Sent)?);
        let at_last = if sent == NONE { received } else { sent };
        let (mut occurred, mut is_reduced) = (at_last, NO_TIME);
        if is_segment {
            let (original, other) =
                (self.instant(line, &fields, Field::Original)?, self.instant(line, &fields, Field::Timestamp)?);
            if original != NONE {
                (occurred, is_reduced) = (original, 0);
            } else if other != NONE {
                (occurred, is_reduced) = (other, if received == NONE { 0 } else { NO_TIME });
            }
        } else {
            is_reduced |= if fields.get(Field::Group) == Value::Absent { NO_GROUP_ID } else { 0 };
            if matches!(TYPES[type_ as usize], b"page" | b"screen") && fields.get(Field::Name) == Value::Absent {
                is_reduced |= NO_NAME;
            }
        }
        let event = self.event(line, &fields, type_)?;
        let user = short(fields.text(line, Field::User)?)?;
        let anonymous = short(fields.text(line, Field::Anonymous)?)?;
        let group = short(fields.text(line, Field::Group)?)?;
        let (identity_kind, person) = match (user, anonymous, group) {
            (b"", b"", b"") => (NOT_KNOWN, &b""[..]),
            (b"", b"", _) => (GROUP, group),
            (b"", _, _) => (ANONYMOUS, anonymous),
            _ => (USER, user),
        };
        if identity_kind == USER && !user.is_ascii() && user.contains(&b'@') {
            return Err(Odd); // it may be an address
        }
        let identity = self.identity(identity_kind, person);
        let other_ids = self.short_hash(anonymous) | self.short_hash(group) << 21;
        let key = fields.text(line, Field::WriteKey)?;
        if !key.is_ascii() {
            return Err(Odd);
        }
        let is_merge = type_ == IDENTIFY && identity_kind == USER && !anonymous.is_empty();
        Ok(Row {
            id,
            type_,
            identity_kind,
            identity,
            person,
            occurred,
            received,
            sent,
            is_reduced,
            other_ids,
            event,
            library: short(text_in(line, fields.library)?)?,
            version: short(text_in(line, fields.version)?)?,
            suffix: &key[key.len().saturating_sub(4)..],
            before: is_merge.then(|| self.identity(ANONYMOUS, anonymous)),
            email: if type_ == IDENTIFY { self.email(line)? } else { None },
            payload_hash,
        })
    }

    fn payload_hash(&mut self, line: &[u8], fields: &Fields, type_: u8) -> Sure<i64> {
        let field = if type_ == IDENTIFY { Field::Traits } else { Field::Properties };
        match fields.get(field) {
            Value::Absent | Value::Null => {
                self.payload.clear();
                self.payload.canonical.extend_from_slice(b"{}");
            }
            Value::Text(..) => return Err(Odd),
            Value::Other(place) => {
                let hasher = (type_ == IDENTIFY).then_some(&self.traits);
                self.payload.read(line, place, hasher)?;
            }
        }
        Ok(self.payloads.of(&self.payload.canonical)[0] as i64)
    }

    fn instant(&mut self, line: &[u8], fields: &Fields, field: Field) -> Sure<i64> {
        match fields.get(field) {
            Value::Absent | Value::Null => Ok(NONE),
            Value::Text(start, end) => self.seconds.read(&line[start..end]),
            Value::Other(_) => Err(Odd),
        }
    }

    fn event<'a>(&self, line: &'a [u8], fields: &Fields, type_: u8) -> Sure<&'a [u8]> {
        let is_segment = self.layout == Layout::Segment;
        let event = match TYPES[type_ as usize] {
            b"track" if is_segment => fields.text(line, Field::Event)?,
            b"track" if fields.get(Field::EventText) == Value::Absent => return Err(Odd),
            b"track" => match fields.text(line, Field::EventText)? {
                b"" => fields.text(line, Field::Event)?,
                name => name,
            },
            b"identify" if !is_segment => b"",
            _ => fields.text(line, Field::Name)?,
        };
        if event.first() == Some(&b' ') || event.last() == Some(&b' ') {
            return Err(Odd);
        }
        short(event)
    }

    fn identity(&mut self, kind: u8, id: &[u8]) -> u64 {
        if kind == NOT_KNOWN {
            return 0;
        }
        self.text.clear();
        self.text.extend_from_slice([&b""[..], b"user:", b"anonymous:", b"group:"][kind as usize]);
        self.text.extend_from_slice(id);
        self.identities.of(&self.text)[0]
    }

    fn short_hash(&self, id: &[u8]) -> i64 {
        if id.is_empty() {
            return 0;
        }
        (self.identities.of(id)[0].swap_bytes() % SHORT_HASHES + 1) as i64
    }

    /// The text in the traits that may be an address; odd if Python would strip it or look at a second one.
    fn email<'a>(&self, line: &'a [u8]) -> Sure<Option<&'a [u8]>> {
        let is_email = |(span, _): &&(Span, i64)| line[span.0..span.1].eq_ignore_ascii_case(b"email");
        let mut found = self.payload.traits.iter().filter(is_email);
        let span = match (found.next(), found.next()) {
            (None, _) => return Ok(None),
            (Some((span, _)), None) => span,
            _ => return Err(Odd),
        };
        let (_, place) = crate::json::key(line, span.0 - 1)?;
        if line.get(place) != Some(&b'"') {
            return Ok(None);
        }
        let ((start, end), _) = crate::json::text(line, place)?;
        let address = &line[start..end];
        let is_stripped = |byte: Option<&u8>| byte.map_or(true, |byte| byte.is_ascii_graphic());
        if !address.is_ascii() || !is_stripped(address.first()) || !is_stripped(address.last()) {
            return Err(Odd);
        }
        Ok((!address.is_empty()).then_some(address))
    }

    fn write(&mut self, line: &[u8], row: &Row, origin: u32, place: Place) {
        let words = self.number_words(row, origin);
        let key = self.ids.of(row.id);
        let number = self.rows.words.len() as i64;
        self.rows.ids.push(row.id);
        self.rows.words.push(words);
        self.rows.identity_kinds.push(row.identity_kind);
        let numbers = [
            key[0] as i64,
            key[1] as i64,
            row.identity as i64,
            row.payload_hash,
            row.other_ids,
            row.occurred,
            row.received,
            row.sent,
            place.file,
            place.line,
            place.offset,
            place.size,
        ];
        for (column, value) in self.rows.numbers.iter_mut().zip(numbers) {
            column.push(value);
        }
        if self.payload.canonical.len() > 2 {
            self.count_shape(words, row, place);
            self.count_dates(line, words, row, place);
            for (span, hash) in &self.payload.traits {
                let name = self.tables.names.number(&line[span.0..span.1]);
                for (column, value) in self.rows.traits.iter_mut().zip([number, name as i64, *hash]) {
                    column.push(value);
                }
            }
        }
        if matches!(row.identity_kind, USER | ANONYMOUS) {
            self.count_person(row, place, number);
        }
    }

    fn number_words(&mut self, row: &Row, origin: u32) -> u32 {
        let day = if row.occurred == NONE { NONE } else { row.occurred.div_euclid(DAY_MS) };
        self.text.clear();
        self.text.extend_from_slice(&[row.type_, row.identity_kind]);
        self.text.extend_from_slice(&(row.is_reduced as u16).to_le_bytes());
        self.text.extend_from_slice(&origin.to_le_bytes());
        self.text.extend_from_slice(&day.to_le_bytes());
        for part in [row.event, row.library, row.version, row.suffix] {
            self.text.extend_from_slice(&(part.len() as u16).to_le_bytes());
            self.text.extend_from_slice(part);
        }
        self.tables.words.number(&self.text)
    }

    fn count_shape(&mut self, words: u32, row: &Row, place: Place) {
        let tables = &mut self.tables;
        let form = tables.forms.number(&self.payload.form);
        if form as usize + 1 == tables.samples.ends.len() {
            tables.samples.push(&self.payload.canonical);
        }
        let next = tables.shape[0].len() as u32;
        let shape = *tables.shapes.entry((words as u64) << 32 | form as u64).or_insert(next);
        if shape == next {
            for (column, value) in tables.shape.iter_mut().zip([words as i64, form as i64, 0]) {
                column.push(value);
            }
            tables.shape_firsts.push(row.id, place);
        }
        tables.shape[2][shape as usize] += 1;
    }

    fn count_dates(&mut self, line: &[u8], words: u32, row: &Row, place: Place) {
        let tables = &mut self.tables;
        for date in &self.payload.dates {
            let path = &self.payload.paths[date.path.0..date.path.1];
            self.text.clear();
            self.text.extend_from_slice(&words.to_le_bytes());
            self.text.push(date.spelling as u8);
            self.text.extend_from_slice(path);
            let number = tables.dates.number(&self.text) as usize;
            if number == tables.date[0].len() {
                for (column, value) in tables.date.iter_mut().zip([words as i64, date.spelling as i64, 0]) {
                    column.push(value);
                }
                tables.date_paths.push(path);
                tables.date_values.push(&line[date.value.0..date.value.1]);
                tables.date_firsts.push(row.id, place);
            }
            tables.date[2][number] += 1;
        }
    }

    fn count_person(&mut self, row: &Row, place: Place, number: i64) {
        let people = &mut self.tables.people;
        let (is_edit, user) = (row.type_ == IDENTIFY, (row.identity_kind == USER).then_some(row.person));
        people.count(&self.identities, row.identity, row.identity_kind, user, is_edit, (row.id, place));
        if !is_edit {
            return;
        }
        self.rows.edits[0].push(number);
        self.rows.edits[1].push(self.payload.traits.len() as i64);
        if let Some(before) = row.before {
            people.merge(before, row.identity);
        }
        if let Some(address) = row.email {
            people.add_address(&self.identities, row.identity, address);
        }
    }
}

fn short(text: &[u8]) -> Sure<&[u8]> {
    if text.len() > LONG {
        return Err(Odd);
    }
    Ok(text)
}

//! A payload in one pass: its canonical form, what it looks like, and the values in it that may be instants.

use crate::dates::{of_number, of_text, Spelling};
use crate::hash::Blake;
use crate::json::{at, first, hex, key, name, next, number, space, special, Odd, Span, Sure};

const MAX_LEVELS: usize = 32;
const DATE_LEVELS: usize = 6; // `property_types.MAX_DEPTH`
const MOST_EXACT_DIGITS: usize = 15; // so many survive a double
const MOST_FORMS_IN_ARRAY: usize = 8;
const MOST_PATH_BYTES: usize = 1 << 20; // a long key is in the path of each instant below it
const FIRST_THAT_SORTS_OTHERWISE: u8 = 0xee; // from U+E000 on, UTF-8 and UTF-16 may sort differently

struct Entry {
    key: Span,
    spelled: Span,
}

/// A value that spells an instant: where its path is in `Payload::paths`, how it is spelled, and the value itself.
pub struct Date {
    pub path: Span,
    pub spelling: Spelling,
    pub value: Span,
}

/// What was found in one payload. It is used again for the next one, so that it keeps its memory.
///
/// `canonical` is its RFC 8785 form. `form` holds the keys and the types of the values, the same for payloads that look
/// alike. `traits` are the keys at the top with hashes of their values; they are asked for by `trait_hasher`.
#[derive(Default)]
pub struct Payload {
    pub canonical: Vec<u8>,
    pub form: Vec<u8>,
    pub dates: Vec<Date>,
    pub paths: Vec<u8>,
    pub traits: Vec<(Span, i64)>,
    entries: Vec<Entry>,
    sorted: Vec<u8>,
    keys: Vec<Span>,
}

impl Payload {
    pub fn clear(&mut self) {
        self.canonical.clear();
        self.form.clear();
        self.dates.clear();
        self.paths.clear();
        self.traits.clear();
        self.entries.clear();
        self.keys.clear();
    }

    /// Reads the object at `place`, and returns the place after it.
    pub fn read(&mut self, line: &[u8], place: usize, trait_hasher: Option<&Blake>) -> Sure<usize> {
        self.clear();
        self.object(line, place, 1, true, trait_hasher)
    }

    fn value(&mut self, line: &[u8], place: usize, level: usize, may_be_date: bool) -> Sure<usize> {
        let begin = self.canonical.len();
        match at(line, place)? {
            b'"' => {
                self.form.push(b's');
                let end = self.text(line, place + 1)?;
                let spelled = &self.canonical[begin + 1..self.canonical.len() - 1]; // an escape may stand for a digit
                if may_be_date && spelled.first().map_or(false, u8::is_ascii_digit) {
                    self.note_date(of_text(spelled)?, (place, end));
                }
                Ok(end)
            }
            b'{' => self.object(line, place, level + 1, may_be_date && level < DATE_LEVELS, None),
            b'[' => self.array(line, place, level + 1),
            b't' => self.name(line, place, b"true", b'b'),
            b'f' => self.name(line, place, b"false", b'b'),
            b'n' => self.name(line, place, b"null", b'0'),
            _ => {
                self.form.push(b'n');
                let end = self.number(line, place)?;
                if may_be_date {
                    self.note_date(of_number(&self.canonical[begin..])?, (place, end)); // rounded as a double is
                }
                Ok(end)
            }
        }
    }

    fn name(&mut self, line: &[u8], place: usize, spelled: &[u8], form: u8) -> Sure<usize> {
        self.form.push(form);
        self.canonical.extend_from_slice(spelled);
        name(line, place, spelled)
    }

    fn note_date(&mut self, spelling: Option<Spelling>, value: Span) {
        if let Some(spelling) = spelling {
            self.dates.push(Date { path: (0, self.keys.len()), spelling, value });
        }
    }

    fn object(
        &mut self,
        line: &[u8],
        place: usize,
        level: usize,
        may_be_date: bool,
        trait_hasher: Option<&Blake>,
    ) -> Sure<usize> {
        if level > MAX_LEVELS || at(line, place)? != b'{' {
            return Err(Odd);
        }
        self.canonical.push(b'{');
        self.form.push(b'{');
        let (base, start, mut is_sorted) = (self.entries.len(), self.canonical.len(), true);
        let (mut is_more, mut place) = first(line, place, b'}')?;
        if !is_more {
            self.canonical.push(b'}');
            self.form.push(b'}');
            return Ok(place);
        }
        while is_more {
            let (span, value_place) = key(line, place)?;
            let spelled = &line[span.0..span.1];
            if let Some(last) = self.entries[base..].last() {
                is_sorted &= line[last.key.0..last.key.1] < *spelled;
            }
            if spelled.iter().any(|&byte| byte >= FIRST_THAT_SORTS_OTHERWISE) {
                return Err(Odd);
            }
            self.form.extend_from_slice(spelled);
            self.form.push(b'"');
            let begin = self.canonical.len();
            self.canonical.extend_from_slice(&line[span.0 - 1..span.1 + 1]);
            self.canonical.push(b':');
            self.keys.push(span);
            let dates = self.dates.len();
            let end = self.value(line, value_place, level, may_be_date)?;
            self.spell_paths(line, dates)?;
            self.keys.pop();
            if let Some(hasher) = trait_hasher {
                let value = &self.canonical[begin + (span.1 - span.0) + 3..];
                self.traits.push((span, hasher.of(value)[0] as i64));
            }
            self.entries.push(Entry { key: span, spelled: (begin, self.canonical.len()) });
            self.canonical.push(b',');
            (is_more, place) = next(line, end, b'}')?;
        }
        if !is_sorted {
            self.sort(line, base, start)?;
        }
        self.entries.truncate(base);
        *self.canonical.last_mut().ok_or(Odd)? = b'}';
        self.form.push(b'}');
        Ok(place)
    }

    /// Writes the paths of the dates that were just found at the current key: keys joined by zeros, which none contains.
    fn spell_paths(&mut self, line: &[u8], from: usize) -> Sure<()> {
        for date in self.dates[from..].iter_mut().filter(|date| date.path.0 == 0 && date.path.1 == self.keys.len()) {
            let begin = self.paths.len() + 1;
            for &(start, end) in &self.keys {
                self.paths.push(0);
                self.paths.extend_from_slice(&line[start..end]);
            }
            date.path = (begin, self.paths.len());
            if self.paths.len() > MOST_PATH_BYTES {
                return Err(Odd);
            }
        }
        Ok(())
    }

    /// Sorts what was written of an object by its keys.
    fn sort(&mut self, line: &[u8], base: usize, start: usize) -> Sure<()> {
        let entries = &mut self.entries[base..];
        entries.sort_unstable_by(|one, other| line[one.key.0..one.key.1].cmp(&line[other.key.0..other.key.1]));
        let is_twice = |pair: &[Entry]| line[pair[0].key.0..pair[0].key.1] == line[pair[1].key.0..pair[1].key.1];
        if entries.windows(2).any(is_twice) {
            return Err(Odd);
        }
        self.sorted.clear();
        for entry in entries.iter() {
            self.sorted.extend_from_slice(&self.canonical[entry.spelled.0..entry.spelled.1]);
            self.sorted.push(b',');
        }
        self.canonical.truncate(start);
        self.canonical.extend_from_slice(&self.sorted);
        Ok(())
    }

    /// The form of an array is that of its items, each once, in the order in which they come first.
    fn array(&mut self, line: &[u8], place: usize, level: usize) -> Sure<usize> {
        if level > MAX_LEVELS {
            return Err(Odd);
        }
        self.canonical.push(b'[');
        self.form.push(b'[');
        let mut forms: [Span; MOST_FORMS_IN_ARRAY] = [(0, 0); MOST_FORMS_IN_ARRAY];
        let mut count = 0;
        let (mut is_more, mut place) = first(line, place, b']')?;
        while is_more {
            let begin = self.form.len();
            let end = self.value(line, place, level, false)?;
            let (before, here) = self.form.split_at(begin);
            if forms[..count].iter().any(|&(start, end)| before[start..end] == *here) {
                self.form.truncate(begin);
            } else if count == MOST_FORMS_IN_ARRAY {
                return Err(Odd);
            } else {
                forms[count] = (begin, self.form.len());
                count += 1;
            }
            (is_more, place) = next(line, end, b']')?;
            if is_more {
                self.canonical.push(b',');
            }
        }
        self.canonical.push(b']');
        self.form.push(b']');
        Ok(place)
    }

    /// Copies a text of which the first quote is read, with escapes only where they must be.
    fn text(&mut self, line: &[u8], mut place: usize) -> Sure<usize> {
        self.canonical.push(b'"');
        loop {
            let found = special(line, place)?;
            self.canonical.extend_from_slice(&line[place..found]);
            if line[found] == b'"' {
                self.canonical.push(b'"');
                return Ok(found + 1);
            }
            let escape = at(line, found + 1)?;
            if line[found] != b'\\' {
                return Err(Odd);
            }
            place = found + 2;
            match escape {
                b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't' => self.canonical.extend_from_slice(&[b'\\', escape]),
                b'/' => self.canonical.push(b'/'),
                b'u' => place = self.escaped(line, place)?,
                _ => return Err(Odd),
            }
        }
    }

    fn escaped(&mut self, line: &[u8], place: usize) -> Sure<usize> {
        let (mut code, mut place) = (hex(line, place)?, place + 4);
        if (0xd800..0xdc00).contains(&code) {
            if at(line, place)? != b'\\' || at(line, place + 1)? != b'u' {
                return Err(Odd);
            }
            let low = hex(line, place + 2)?;
            if !(0xdc00..0xe000).contains(&low) {
                return Err(Odd);
            }
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            place += 6;
        }
        let short: &[u8] = match code {
            0x22 => b"\\\"",
            0x5c => b"\\\\",
            0x08 => b"\\b",
            0x0c => b"\\f",
            0x0a => b"\\n",
            0x0d => b"\\r",
            0x09 => b"\\t",
            _ => b"",
        };
        if !short.is_empty() {
            self.canonical.extend_from_slice(short);
        } else if code < 0x20 {
            self.canonical.extend_from_slice(format!("\\u{code:04x}").as_bytes());
        } else {
            let mut bytes = [0; 4];
            let spelled = char::from_u32(code).ok_or(Odd)?.encode_utf8(&mut bytes);
            self.canonical.extend_from_slice(spelled.as_bytes());
        }
        Ok(place)
    }

    fn number(&mut self, line: &[u8], place: usize) -> Sure<usize> {
        let found = number(line, place)?;
        let spelled = &line[place..found.end];
        let sign = (spelled[0] == b'-') as usize;
        if found.has_exponent {
            return Err(Odd);
        }
        let point =
            if found.is_whole { spelled.len() } else { spelled.iter().position(|&byte| byte == b'.').ok_or(Odd)? };
        let is_below_one = spelled[sign] == b'0';
        let mut end = spelled.len();
        while end > point && matches!(spelled[end - 1], b'0' | b'.') {
            end -= 1;
        }
        if end == point {
            if point - sign > MOST_EXACT_DIGITS || (sign == 1 && is_below_one) {
                return Err(Odd);
            }
            self.canonical.extend_from_slice(&spelled[..point]);
        } else if is_below_one && spelled[point + 1..].starts_with(b"0000") {
            return Err(Odd);
        } else if end - sign - 1 <= MOST_EXACT_DIGITS {
            self.canonical.extend_from_slice(&spelled[..end]);
        } else {
            let text = std::str::from_utf8(spelled).map_err(|_| Odd)?;
            let value: f64 = text.parse().map_err(|_| Odd)?;
            if !(1e-4..1e15).contains(&value.abs()) {
                return Err(Odd);
            }
            self.canonical.extend_from_slice(format!("{value}").as_bytes()); // shortest, and in this range no exponent
        }
        Ok(found.end)
    }
}

/// Whether only spaces are left of a line.
pub fn is_over(line: &[u8], place: usize) -> bool {
    space(line, place) == line.len()
}

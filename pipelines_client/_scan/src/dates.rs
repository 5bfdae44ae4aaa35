//! Instants: those of the columns, as milliseconds, and those that a payload may spell, by their spelling.

use crate::json::{Odd, Sure};

/// Stands for an instant that is not there.
pub const NONE: i64 = i64::MIN;
pub const DAY_MS: i64 = 86_400_000;

/// The order of `effects.spellings.Spelling`.
#[derive(Clone, Copy)]
pub enum Spelling {
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
    SecondsText,
    MillisecondsText,
    Iso,
}

const FIRST_SECOND: i64 = 946_684_800; // 2000-01-01
const END_SECOND: i64 = 4_102_444_800; // 2100-01-01
const MOST_DIGITS: usize = 18;
const FEWEST_CHARS: usize = 8;
const MOST_CHARS: usize = 40;

/// A second that was read before: most lines share theirs with the line before.
#[derive(Default)]
pub struct Seconds {
    text: [u8; 19],
    at_ms: i64,
}

fn digit(text: &[u8], place: usize) -> Sure<i64> {
    match text.get(place) {
        Some(byte) if byte.is_ascii_digit() => Ok((byte - b'0') as i64),
        _ => Err(Odd),
    }
}

fn two(text: &[u8], place: usize) -> Sure<i64> {
    Ok(digit(text, place)? * 10 + digit(text, place + 1)?)
}

fn three(text: &[u8], place: usize) -> Sure<i64> {
    Ok(two(text, place)? * 10 + digit(text, place + 2)?)
}

impl Seconds {
    /// Unix milliseconds of `2026-11-02T09:30:00`, a fraction of three or six digits, and UTC.
    pub fn read(&mut self, text: &[u8]) -> Sure<i64> {
        if text.len() < 19 {
            return Err(Odd);
        }
        let (plain, mut rest) = text.split_at(19);
        let mut thousandths = 0;
        if rest.first() == Some(&b'.') {
            thousandths = three(rest, 1)?;
            rest = if three(rest, 4).is_ok() { &rest[7..] } else { &rest[4..] };
        }
        if !matches!(rest, b"Z" | b"+00:00" | b"") {
            return Err(Odd);
        }
        if *plain != self.text {
            self.at_ms = second(plain)? * 1000;
            self.text.copy_from_slice(plain);
        }
        Ok(self.at_ms + thousandths)
    }
}

fn second(text: &[u8]) -> Sure<i64> {
    if text[4] != b'-' || text[7] != b'-' || !matches!(text[10], b'T' | b' ') || text[13] != b':' || text[16] != b':' {
        return Err(Odd);
    }
    let (year, month, day) = (two(text, 0)? * 100 + two(text, 2)?, two(text, 5)?, two(text, 8)?);
    let (hour, minute, second) = (two(text, 11)?, two(text, 14)?, two(text, 17)?);
    let is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let most_days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + is_leap as i64,
        _ => return Err(Odd),
    };
    if year < 1 || day < 1 || day > most_days || hour > 23 || minute > 59 || second > 59 {
        return Err(Odd);
    }
    let (shifted_year, shifted_month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
    let leap_days = shifted_year / 4 - shifted_year / 100 + shifted_year / 400;
    let days = 365 * shifted_year + leap_days + (153 * shifted_month + 2) / 5 + day - 1 - 719_468;
    Ok(((days * 24 + hour) * 60 + minute) * 60 + second)
}

fn whole(text: &[u8]) -> Option<i64> {
    let zeros = text.iter().take_while(|byte| **byte == b'0').count();
    let text = &text[zeros..];
    if text.len() > MOST_DIGITS || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(text.iter().fold(0, |sum, byte| sum * 10 + (byte - b'0') as i64))
}

fn of_whole(value: i64) -> Option<Spelling> {
    let scales = [
        (1, Spelling::Seconds),
        (1_000, Spelling::Milliseconds),
        (1_000_000, Spelling::Microseconds),
        (1_000_000_000, Spelling::Nanoseconds),
    ];
    scales
        .into_iter()
        .find(|(scale, _)| (FIRST_SECOND * scale..END_SECOND * scale).contains(&value))
        .map(|found| found.1)
}

/// How a number in a payload, in its canonical form, spells an instant, if it does.
pub fn of_number(spelled: &[u8]) -> Sure<Option<Spelling>> {
    let point = spelled.iter().position(|&byte| byte == b'.').unwrap_or(spelled.len());
    if spelled[0] == b'-' || point < 9 {
        return Ok(None);
    }
    // What follows the point moves no double over a whole one, and the limits are whole.
    Ok(of_whole(whole(&spelled[..point]).ok_or(Odd)?))
}

/// How a text in a payload that begins with a digit spells an instant, if it does; odd if it may be another date. An
/// escape that its canonical form keeps is of no character that a date has.
pub fn of_text(text: &[u8]) -> Sure<Option<Spelling>> {
    if text.len() < FEWEST_CHARS {
        return Ok(None);
    }
    if text.iter().all(u8::is_ascii_digit) {
        return Ok(match whole(text).and_then(of_whole) {
            Some(Spelling::Seconds) if text.len() <= MOST_CHARS => Some(Spelling::SecondsText),
            Some(Spelling::Milliseconds) if text.len() <= MOST_CHARS => Some(Spelling::MillisecondsText),
            _ => None,
        });
    }
    let is_mark = |place: usize| matches!(text.get(place), Some(b'-' | b'/' | b'.'));
    let may_be = |byte: &u8| {
        matches!(byte, b'0'..=b'9' | b'-' | b'/' | b'.' | b':' | b',' | b' ' | b'+' | b'T' | b'Z' | b'U' | b'C')
    };
    if !text.iter().all(may_be) || !(is_mark(1) || is_mark(2) || is_mark(4)) {
        return Ok(None);
    }
    if is_iso(text) {
        return Ok(Some(Spelling::Iso));
    }
    Err(Odd)
}

/// Whether a text is a date as `effects.dates` reads it; some are that this function does not know.
fn is_iso(text: &[u8]) -> bool {
    let is_in = |place: usize, most: i64| matches!(two(text, place), Ok(value) if value <= most);
    let is_date = two(text, 0).is_ok() && two(text, 2).is_ok() && text[4] == b'-' && text.get(7) == Some(&b'-');
    if !is_date || !is_in(5, 12) || !is_in(8, 31) || text[5..7] == *b"00" || text[8..10] == *b"00" {
        return false;
    }
    if text.len() == 10 {
        return true;
    }
    if text.len() < 19 || text[10] != b'T' || text[13] != b':' || text[16] != b':' {
        return false;
    }
    if !is_in(11, 23) || !is_in(14, 59) || !is_in(17, 59) {
        return false;
    }
    let mut rest = &text[19..];
    if rest.first() == Some(&b'.') {
        let digits = rest[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=9).contains(&digits) {
            return false;
        }
        rest = &rest[1 + digits..];
    }
    matches!(rest, b"Z" | b"+00:00" | b"")
}

//! A strict JSON scanner over one line. What it is not sure of is `Odd`: the reader in Python decides on that.

pub struct Odd;
pub type Sure<T> = Result<T, Odd>;

/// Where a text of a line is, without its quotes.
pub type Span = (usize, usize);

const MAX_LEVELS: u32 = 64;
const MAX_DIGITS: usize = 200;

/// A value of a key: absent, null, a text without escapes, or anything else, which was only skipped.
#[derive(Clone, Copy, PartialEq)]
pub enum Value {
    Absent,
    Null,
    Text(usize, usize),
    Other(usize),
}

#[inline(always)]
pub fn at(line: &[u8], place: usize) -> Sure<u8> {
    line.get(place).copied().ok_or(Odd)
}

#[inline(always)]
pub fn space(line: &[u8], mut place: usize) -> usize {
    while place < line.len() && matches!(line[place], b' ' | b'\t' | b'\r') {
        place += 1;
    }
    place
}

/// The place of the next quote, backslash or control character.
#[inline(always)]
pub fn special(line: &[u8], mut place: usize) -> Sure<usize> {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::*;
        // SAFETY: SSE2 is part of x86-64, and each load ends within the line.
        unsafe {
            let quote = _mm_set1_epi8(b'"' as i8);
            let escape = _mm_set1_epi8(b'\\' as i8);
            let control = _mm_set1_epi8(0x1f);
            while place + 16 <= line.len() {
                let bytes = _mm_loadu_si128(line.as_ptr().add(place) as *const __m128i);
                let marks = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, escape));
                let low = _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes);
                let found = _mm_movemask_epi8(_mm_or_si128(marks, low));
                if found != 0 {
                    return Ok(place + found.trailing_zeros() as usize);
                }
                place += 16;
            }
        }
    }
    while place < line.len() {
        if matches!(line[place], b'"' | b'\\' | 0..=0x1f) {
            return Ok(place);
        }
        place += 1;
    }
    Err(Odd)
}

/// The place of the next line end; the length if there is none.
#[inline(always)]
pub fn line_end(data: &[u8], mut place: usize) -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::*;
        // SAFETY: as in `special`.
        unsafe {
            let end = _mm_set1_epi8(b'\n' as i8);
            while place + 16 <= data.len() {
                let bytes = _mm_loadu_si128(data.as_ptr().add(place) as *const __m128i);
                let found = _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, end));
                if found != 0 {
                    return place + found.trailing_zeros() as usize;
                }
                place += 16;
            }
        }
    }
    while place < data.len() && data[place] != b'\n' {
        place += 1;
    }
    place
}

/// A text without escapes that begins at an opening quote: its span, and the place after it.
#[inline(always)]
pub fn text(line: &[u8], place: usize) -> Sure<(Span, usize)> {
    if at(line, place)? != b'"' {
        return Err(Odd);
    }
    let end = special(line, place + 1)?;
    if line[end] != b'"' {
        return Err(Odd);
    }
    Ok(((place + 1, end), end + 1))
}

/// A key and its colon: the span of the key, and the place of its value.
#[inline(always)]
pub fn key(line: &[u8], place: usize) -> Sure<(Span, usize)> {
    let (span, after) = text(line, place)?;
    let colon = space(line, after);
    if at(line, colon)? != b':' {
        return Err(Odd);
    }
    Ok((span, space(line, colon + 1)))
}

/// After a value: the place of the next key or item, or None and the place after `close`.
#[inline(always)]
pub fn next(line: &[u8], place: usize, close: u8) -> Sure<(bool, usize)> {
    let place = space(line, place);
    match at(line, place)? {
        b',' => Ok((true, space(line, place + 1))),
        byte if byte == close => Ok((false, place + 1)),
        _ => Err(Odd),
    }
}

/// After an opening bracket: the place of the first key or item and true, or the place after `close` and false.
#[inline(always)]
pub fn first(line: &[u8], place: usize, close: u8) -> Sure<(bool, usize)> {
    let place = space(line, place + 1);
    Ok(if at(line, place)? == close { (false, place + 1) } else { (true, place) })
}

/// A name such as `null`: the place after it.
#[inline(always)]
pub fn name(line: &[u8], place: usize, name: &[u8]) -> Sure<usize> {
    if line[place..].starts_with(name) {
        Ok(place + name.len())
    } else {
        Err(Odd)
    }
}

fn digits(line: &[u8], mut place: usize) -> usize {
    while place < line.len() && line[place].is_ascii_digit() {
        place += 1;
    }
    place
}

/// How a number is spelled.
pub struct Number {
    pub end: usize,
    pub is_whole: bool,
    pub has_exponent: bool,
}

pub fn number(line: &[u8], place: usize) -> Sure<Number> {
    let begin = if at(line, place)? == b'-' { place + 1 } else { place };
    let mut end = digits(line, begin);
    if end == begin || (line[begin] == b'0' && end - begin > 1) {
        return Err(Odd);
    }
    let (mut is_whole, mut has_exponent) = (true, false);
    if end < line.len() && line[end] == b'.' {
        is_whole = false;
        let fraction = end + 1;
        end = digits(line, fraction);
        if end == fraction {
            return Err(Odd);
        }
    }
    if end < line.len() && line[end] | 32 == b'e' {
        (is_whole, has_exponent) = (false, true);
        let sign = matches!(at(line, end + 1)?, b'+' | b'-') as usize;
        let exponent = end + 1 + sign;
        end = digits(line, exponent);
        if end == exponent || end - exponent > 2 {
            return Err(Odd); // it may be larger than a double
        }
    }
    if end - begin > MAX_DIGITS {
        return Err(Odd);
    }
    Ok(Number { end, is_whole, has_exponent })
}

/// The place after a text of which the first quote is read.
pub fn skip_text(line: &[u8], mut place: usize) -> Sure<usize> {
    loop {
        let found = special(line, place)?;
        match line[found] {
            b'"' => return Ok(found + 1),
            b'\\' => match at(line, found + 1)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => place = found + 2,
                b'u' => {
                    let code = hex(line, found + 2)?;
                    if (0xd800..0xe000).contains(&code) {
                        return Err(Odd);
                    }
                    place = found + 6;
                }
                _ => return Err(Odd),
            },
            _ => return Err(Odd),
        }
    }
}

/// Four hexadecimal digits.
pub fn hex(line: &[u8], place: usize) -> Sure<u32> {
    let mut code = 0;
    for offset in 0..4 {
        code = code * 16 + (at(line, place + offset)? as char).to_digit(16).ok_or(Odd)?;
    }
    Ok(code)
}

/// The place after a value.
pub fn skip(line: &[u8], place: usize, level: u32) -> Sure<usize> {
    if level > MAX_LEVELS {
        return Err(Odd);
    }
    match at(line, place)? {
        b'"' => skip_text(line, place + 1),
        b'{' => {
            let (mut is_more, mut place) = first(line, place, b'}')?;
            while is_more {
                if at(line, place)? != b'"' {
                    return Err(Odd);
                }
                let colon = space(line, skip_text(line, place + 1)?);
                if at(line, colon)? != b':' {
                    return Err(Odd);
                }
                let end = skip(line, space(line, colon + 1), level + 1)?;
                (is_more, place) = next(line, end, b'}')?;
            }
            Ok(place)
        }
        b'[' => {
            let (mut is_more, mut place) = first(line, place, b']')?;
            while is_more {
                let end = skip(line, place, level + 1)?;
                (is_more, place) = next(line, end, b']')?;
            }
            Ok(place)
        }
        b't' => name(line, place, b"true"),
        b'f' => name(line, place, b"false"),
        b'n' => name(line, place, b"null"),
        _ => Ok(number(line, place)?.end),
    }
}

/// A value and the place after it; a text with escapes is odd.
#[inline(always)]
pub fn value(line: &[u8], place: usize) -> Sure<(Value, usize)> {
    match at(line, place)? {
        b'"' => {
            let ((start, end), after) = text(line, place)?;
            Ok((Value::Text(start, end), after))
        }
        b'n' => Ok((Value::Null, name(line, place, b"null")?)),
        _ => Ok((Value::Other(place), skip(line, place, 0)?)),
    }
}

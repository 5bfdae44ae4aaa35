//! Reads lines of evidence into columns; `pipelines_client/_scan/__init__.py` says what for.
//!
//! The functions below are all that Python calls. Each returns for every input: a panic ends in a value that says
//! so. Pointers are of Python's making or of `scan_new`; those that are returned stay valid until the next call.

mod canon;
mod dates;
mod facts;
mod hash;
mod json;
mod line;
mod people;
mod rows;
mod scan;
mod table;

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::slice::from_raw_parts;

use dates::NONE;
use facts::Describer;
use json::line_end;
use line::Layout;
use rows::{Rows, Tables};
use scan::Scanner;
use table::{Firsts, Place};

const MOST_KEY_BYTES: usize = 64;
const FEWEST_STEPS: i64 = 20;
const JUMP: i128 = 5;
const BROKEN: i64 = -1;

/// Where the lines are and what the lines before them say: `_scan.Task`. Its counters are those of `Neighbours`.
#[repr(C)]
pub struct Task {
    file: i64,
    line: i64,
    offset: i64,
    steps: i64,
    ordered: i64,
    span_ms: i64,
    last_ms: i64,
    rows: i64,
    table_bytes: i64,
    origin: u32,
    type_: u32,
}

impl Task {
    fn jumps(&self, at_ms: i64) -> bool {
        if at_ms == NONE || self.last_ms == NONE || !self.has_order() {
            return false;
        }
        (at_ms - self.last_ms) as i128 * self.steps as i128 >= JUMP * self.span_ms as i128
    }

    fn has_order(&self) -> bool {
        self.steps >= FEWEST_STEPS && self.ordered as f64 >= 0.9 * self.steps as f64
    }

    fn see(&mut self, at_ms: i64) {
        if at_ms == NONE {
            return;
        }
        let last_ms = std::mem::replace(&mut self.last_ms, at_ms);
        if last_ms == NONE {
            return;
        }
        self.steps += 1;
        if at_ms >= last_ms {
            self.ordered += 1;
            self.span_ms += at_ms - last_ms;
        }
    }
}

/// Makes a scanner of a layout, 0 for Segment's and 1 for Customer.io's; null if there is no such layout or key.
///
/// # Safety
/// `key` points to `key_bytes` bytes.
#[no_mangle]
pub unsafe extern "C" fn scan_new(layout: u32, key: *const u8, key_bytes: usize) -> *mut Scanner {
    let layout = match layout {
        0 => Layout::Segment,
        1 => Layout::Customerio,
        _ => return std::ptr::null_mut(),
    };
    if key.is_null() || key_bytes == 0 || key_bytes > MOST_KEY_BYTES {
        return std::ptr::null_mut();
    }
    let key = from_raw_parts(key, key_bytes);
    catch_unwind(|| Box::into_raw(Box::new(Scanner::new(layout, key)))).unwrap_or(std::ptr::null_mut())
}

/// Releases a scanner.
///
/// # Safety
/// `scanner` is of `scan_new`, and is not used again.
#[no_mangle]
pub unsafe extern "C" fn scan_free(scanner: *mut Scanner) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(Box::from_raw(scanner))));
}

/// Takes lines from `start` on until one is odd, and returns where it begins; the length if none is. -1 after a panic.
///
/// # Safety
/// `scanner` is of `scan_new`; `data` points to `bytes` bytes; `task` is one.
#[no_mangle]
pub unsafe extern "C" fn scan_lines(
    scanner: *mut Scanner,
    data: *const u8,
    bytes: usize,
    start: usize,
    task: *mut Task,
) -> i64 {
    let (scanner, data, task) = (&mut *scanner, from_raw_parts(data, bytes), &mut *task);
    catch_unwind(AssertUnwindSafe(|| take_lines(scanner, data, start, task))).unwrap_or(BROKEN)
}

fn take_lines(scanner: &mut Scanner, data: &[u8], start: usize, task: &mut Task) -> i64 {
    let (mut place, type_) = (start, u8::try_from(task.type_).ok().filter(|type_| *type_ < 4));
    while place < data.len() {
        let end = line_end(data, place);
        let line = &data[place..end];
        if !line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r')) {
            let at = Place { file: task.file, line: task.line, offset: task.offset, size: line.len() as i64 };
            match scanner.take(line, type_, task.origin, at, |at_ms| task.jumps(at_ms)) {
                Ok(received) => task.see(received),
                Err(_) => break,
            }
        }
        task.line += 1;
        task.offset += line.len() as i64 + 1;
        place = end + 1;
    }
    task.rows = scanner.rows.words.len() as i64;
    task.table_bytes = scanner.tables.bytes() as i64;
    place.min(data.len()) as i64
}

/// Copies nothing: points to a column by its number in `_scan`, and writes its size in bytes. Null if there is none.
///
/// # Safety
/// `scanner` is of `scan_new`; `bytes` points to a size.
#[no_mangle]
pub unsafe extern "C" fn scan_column(scanner: *const Scanner, number: u32, bytes: *mut usize) -> *const u8 {
    let scanner = &*scanner;
    let found = catch_unwind(AssertUnwindSafe(|| column(&scanner.rows, &scanner.tables, number as usize)));
    match found {
        Ok(Some(column)) => {
            *bytes = column.len();
            column.as_ptr()
        }
        _ => std::ptr::null(),
    }
}

fn column<'a>(rows: &'a Rows, tables: &'a Tables, number: usize) -> Option<&'a [u8]> {
    let firsts = |of: &'a Firsts, number: usize| match number {
        0 => raw(&of.ids.ends),
        1 => &of.ids.bytes[..],
        2 => raw(&of.files),
        3 => raw(&of.lines),
        4 => raw(&of.offsets),
        _ => raw(&of.sizes),
    };
    Some(match number {
        0..=11 => raw(&rows.numbers[number]),
        12 => raw(&rows.words),
        13 => &rows.identity_kinds,
        14 => raw(&rows.ids.ends),
        15 => &rows.ids.bytes,
        16..=18 => raw(&rows.traits[number - 16]),
        19..=20 => raw(&rows.edits[number - 19]),
        30 => raw(&tables.words.texts.ends),
        31 => &tables.words.texts.bytes,
        32 => raw(&tables.samples.ends),
        33 => &tables.samples.bytes,
        34 => raw(&tables.names.texts.ends),
        35 => &tables.names.texts.bytes,
        40..=42 => raw(&tables.shape[number - 40]),
        43..=48 => firsts(&tables.shape_firsts, number - 43),
        50..=52 => raw(&tables.date[number - 50]),
        53..=58 => firsts(&tables.date_firsts, number - 53),
        59 => raw(&tables.date_paths.ends),
        60 => &tables.date_paths.bytes,
        61 => raw(&tables.date_values.ends),
        62 => &tables.date_values.bytes,
        70..=78 => raw(&tables.people.persons[number - 70]),
        80..=85 => firsts(&tables.people.firsts, number - 80),
        90..=95 => raw(&tables.people.links[number - 90]),
        _ => return None,
    })
}

/// The bytes of a column of numbers.
fn raw<T: Copy>(column: &[T]) -> &[u8] {
    // SAFETY: numbers have no padding, and the size is that of the slice.
    unsafe { from_raw_parts(column.as_ptr() as *const u8, std::mem::size_of_val(column)) }
}

/// Forgets the rows, and if `is_all`, the tables too.
///
/// # Safety
/// `scanner` is of `scan_new`.
#[no_mangle]
pub unsafe extern "C" fn scan_clear(scanner: *mut Scanner, is_all: u32) {
    let scanner = &mut *scanner;
    let _ = catch_unwind(AssertUnwindSafe(|| {
        scanner.rows.clear();
        if is_all != 0 {
            scanner.tables = Tables::default();
        }
    }));
}

/// Describes messages of the client's log, two lines each: a stamp and a body. Returns their facts, a line each, which is
/// empty if the message is odd; null after a panic, or if there is no such key.
///
/// # Safety
/// `lines` points to `bytes` bytes, `key` to `key_bytes`.
#[no_mangle]
pub unsafe extern "C" fn facts_new(lines: *const u8, bytes: usize, key: *const u8, key_bytes: usize) -> *mut Vec<u8> {
    if lines.is_null() || key.is_null() || key_bytes == 0 || key_bytes > MOST_KEY_BYTES {
        return std::ptr::null_mut();
    }
    let (lines, key) = (from_raw_parts(lines, bytes), from_raw_parts(key, key_bytes));
    catch_unwind(|| {
        let (mut describer, mut facts) = (Describer::new(key), Vec::with_capacity(bytes));
        let mut place = 0;
        while place < lines.len() {
            let stamp_end = line_end(lines, place);
            let begin = (stamp_end + 1).min(lines.len());
            let end = line_end(lines, begin);
            describer.describe(&lines[place..stamp_end], &lines[begin..end], &mut facts);
            facts.push(b'\n');
            place = end + 1;
        }
        Box::into_raw(Box::new(facts))
    })
    .unwrap_or(std::ptr::null_mut())
}

/// Points to facts, and writes their size.
///
/// # Safety
/// `facts` is of `facts_new`; `bytes` points to a size.
#[no_mangle]
pub unsafe extern "C" fn facts_bytes(facts: *const Vec<u8>, bytes: *mut usize) -> *const u8 {
    let facts = &*facts;
    *bytes = facts.len();
    facts.as_ptr()
}

/// Releases facts.
///
/// # Safety
/// `facts` is of `facts_new`, and is not used again.
#[no_mangle]
pub unsafe extern "C" fn facts_free(facts: *mut Vec<u8>) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(Box::from_raw(facts))));
}

/// The version of this interface: `_scan.INTERFACE`. It is asked first, and once: from then on a panic prints nothing of a
/// line. The hook has a lock, which a process that forks beside another thread would inherit locked.
#[no_mangle]
pub extern "C" fn scan_interface() -> u32 {
    std::panic::set_hook(Box::new(|_| {}));
    2
}

/// A hash of the sources that the library was built from, as `build_native.py` makes it; 0 if another tool built it.
#[no_mangle]
pub extern "C" fn scan_sources() -> u64 {
    option_env!("SCAN_SOURCES").and_then(|text| text.parse().ok()).unwrap_or(0)
}

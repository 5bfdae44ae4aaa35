//! The columns that Python copies out: rows of lines, and tables of what many lines share.

use crate::people::People;
use crate::table::{Firsts, Map, Numbered, Texts};

/// Rows of lines: a column each. They are cleared when Python has copied them.
#[derive(Default)]
pub struct Rows {
    pub ids: Texts,
    pub numbers: [Vec<i64>; 12],
    pub words: Vec<u32>,
    pub identity_kinds: Vec<u8>,
    pub traits: [Vec<i64>; 3],
    pub edits: [Vec<i64>; 2],
}

/// What many lines share, and counts of it.
#[derive(Default)]
pub struct Tables {
    pub words: Numbered,
    pub forms: Numbered,
    pub samples: Texts,
    pub names: Numbered,
    pub shapes: Map<u64, u32>,
    pub shape: [Vec<i64>; 3],
    pub shape_firsts: Firsts,
    pub dates: Numbered,
    pub date: [Vec<i64>; 3],
    pub date_paths: Texts,
    pub date_values: Texts,
    pub date_firsts: Firsts,
    pub people: People,
}

impl Rows {
    pub fn clear(&mut self) {
        self.ids.clear();
        self.words.clear();
        self.identity_kinds.clear();
        for column in self.numbers.iter_mut().chain(&mut self.traits).chain(&mut self.edits) {
            column.clear();
        }
    }
}

impl Tables {
    /// About how many bytes they hold.
    pub fn bytes(&self) -> usize {
        let texts = [&self.words, &self.forms, &self.names, &self.dates];
        let texts: usize = texts.iter().map(|numbered| 2 * numbered.texts.bytes.len()).sum();
        let rows = self.people.rows() + self.shape[0].len() + self.date[0].len();
        texts + self.samples.bytes.len() + self.date_values.bytes.len() + 200 * rows
    }
}

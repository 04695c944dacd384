//! The rows of a CSV file, without its headings.

use std::fs::File;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use csv::ByteRecord;
use indicatif::{ProgressBar, ProgressBarIter};

use super::{City, ImportError};

/// The rows of a file, read piece by piece.
pub(super) struct Rows {
    file: PathBuf,
    reader: csv::Reader<ProgressBarIter<File>>,
    /// Whether a row was read that is not a heading.
    begun: bool,
    read: u64,
}

/// A range of addresses in one city.
pub(super) struct Range {
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) city_id: String,
}

impl Rows {
    pub(super) fn open(file: &Path, progress: &ProgressBar) -> Result<Self, ImportError> {
        let opened = File::open(file).map_err(|error| ImportError::file(file, error))?;
        if let Ok(metadata) = opened.metadata() {
            progress.set_length(metadata.len());
        }
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(progress.wrap_read(opened));
        Ok(Self {
            file: file.to_owned(),
            reader,
            begun: false,
            read: 0,
        })
    }

    /// Returns the next rows, parsed and with their numbers; `None` after the last.
    pub(super) fn batch<T>(
        &mut self,
        rows: usize,
        parse: impl Fn(&ByteRecord) -> Result<T, String>,
    ) -> Result<Option<Vec<(u64, T)>>, ImportError> {
        let mut batch = Vec::new();
        let mut record = ByteRecord::new();
        while batch.len() < rows && self.next(&mut record)? {
            match parse(&record) {
                Ok(row) => {
                    self.begun = true;
                    batch.push((self.read, row));
                    self.read += 1;
                }
                Err(reason) if self.begun => return Err(self.wrong(&record, reason)),
                Err(_) => {}
            }
        }
        Ok((!batch.is_empty()).then_some(batch))
    }

    fn next(&mut self, record: &mut ByteRecord) -> Result<bool, ImportError> {
        let read = self.reader.read_byte_record(record);
        read.map_err(|error| ImportError::file(&self.file, io::Error::other(error)))
    }

    fn wrong(&self, record: &ByteRecord, reason: String) -> ImportError {
        ImportError::Row {
            file: self.file.clone(),
            line: record.position().map_or(0, csv::Position::line),
            reason,
        }
    }
}

/// Parses the columns first address, last address and city id.
pub(super) fn range(record: &ByteRecord) -> Result<Range, String> {
    let [first, last] = [0, 1].map(|column| address(&text(record, column)));
    let (first, last) = (first?, last?);
    if first > last {
        return Err("the range ends before it begins".to_owned());
    }
    let city_id = id(record, 2)?;
    Ok(Range {
        first,
        last,
        city_id,
    })
}

/// Parses the columns city id, country, region and city.
pub(super) fn city(record: &ByteRecord) -> Result<(String, City), String> {
    let id = id(record, 0)?;
    let city = City {
        country: text(record, 1),
        region: text(record, 2),
        city: text(record, 3),
    };
    Ok((id, city))
}

fn address(text: &str) -> Result<u32, String> {
    text.parse()
        .or_else(|_| text.parse().map(Ipv4Addr::to_bits))
        .map_err(|_| format!("`{}` is not an IPv4 address", text.escape_debug()))
}

fn id(record: &ByteRecord, column: usize) -> Result<String, String> {
    let text = text(record, column);
    match text.parse::<u64>() {
        Ok(id) => Ok(id.to_string()),
        Err(_) => Err(format!("`{}` is not a city id", text.escape_debug())),
    }
}

fn text(record: &ByteRecord, column: usize) -> String {
    let bytes = record.get(column).unwrap_or_default();
    match str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // Latin 1 is the first 256 characters of Unicode.
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    }
}

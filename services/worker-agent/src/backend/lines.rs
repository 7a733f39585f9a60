//! Cuts what an agent or an endpoint sends into lines, whatever it sends.

/// The beginning of a line that has not ended yet.
#[derive(Debug)]
pub(super) struct Lines {
    rest: Vec<u8>,
    limit: usize,
    /// The line is too long to be of use; wait for the next one.
    skipping: bool,
}

impl Lines {
    /// Lines of at most `limit` bytes. Longer ones are left out, and never kept.
    pub(super) fn up_to(limit: usize) -> Self {
        Self { rest: Vec::new(), limit, skipping: false }
    }

    /// The lines that end in these bytes, without their ends.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            if !self.skipping {
                self.rest.extend_from_slice(piece);
            }
            let ended = piece.ends_with(b"\n");
            if self.rest.len() > self.limit.saturating_add(usize::from(ended)) {
                self.rest = Vec::new();
                self.skipping = true;
            }
            if ended && !std::mem::take(&mut self.skipping) {
                lines.push(std::mem::take(&mut self.rest).trim_ascii_end().to_vec());
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_however_they_are_cut() {
        let text = b"data: one\n\ndata: \xc3\xa4\r\nrest";
        for size in 1..text.len() {
            let mut lines = Lines::up_to(100);
            let cut = text.chunks(size).flat_map(|bytes| lines.push(bytes)).collect::<Vec<_>>();
            assert_eq!(cut, [&b"data: one"[..], b"", "data: ä".as_bytes()]);
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_left_out_and_not_kept() {
        let text = b"1234\n12345\n123456789\n\n1\n";
        for size in 1..text.len() {
            let mut lines = Lines::up_to(4);
            let cut = text.chunks(size).flat_map(|bytes| lines.push(bytes)).collect::<Vec<_>>();
            assert_eq!(cut, [&b"1234"[..], b"", b"1"], "in pieces of {size}");
        }
        let mut lines = Lines::up_to(4);
        for _ in 0..1000 {
            assert!(lines.push(&[b'x'; 4096]).is_empty());
        }
        assert!(lines.rest.capacity() <= 4096);
    }
}

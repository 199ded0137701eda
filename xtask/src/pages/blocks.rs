/// Markdown between two blank lines; a block of code with the blank lines in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Block<'a> {
    Prose(&'a str),
    Table(&'a str),
    Code(&'a str),
}

pub(crate) fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = vec![];
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches('\n');
        if rest.is_empty() {
            return blocks;
        }
        let (block, after) = rest.split_at_checked(end(rest)).unwrap_or((rest, ""));
        blocks.push(Block::of(block));
        rest = after;
    }
}

/// How many bytes come before the first blank line that no fence encloses.
fn end(text: &str) -> usize {
    let mut code = false;
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        code ^= is_fence(line);
        if !code && line.trim().is_empty() {
            break;
        }
        end += line.len();
    }
    end
}

impl<'a> Block<'a> {
    fn of(text: &'a str) -> Self {
        let text = text.trim_end();
        if is_fence(text) {
            Self::Code(text)
        } else if text.starts_with('|') {
            Self::Table(text)
        } else {
            Self::Prose(text)
        }
    }
}

pub(crate) fn is_fence(line: &str) -> bool {
    line.trim_start().starts_with(FENCE)
}

pub(crate) const FENCE: &str = "```";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_part_blocks_but_not_within_code() {
        let text = "# One\n\nTwo,\nthree.\n\n\n```rust\nlet x;\n\nlet y;\n```\n\n| a |\n|---|\n";
        let expected = [
            Block::Prose("# One"),
            Block::Prose("Two,\nthree."),
            Block::Code("```rust\nlet x;\n\nlet y;\n```"),
            Block::Table("| a |\n|---|"),
        ];
        assert_eq!(blocks(text), expected);
    }
}

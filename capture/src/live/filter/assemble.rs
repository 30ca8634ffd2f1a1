//! Checks made into a program of the kernel's filter machine (linux/filter.h): loads, and jumps that only go forward.

use super::{
    Expression,
    lower::{Check, Compare, Load},
};

/// An instruction; `jt` and `jf` say how many to pass over where a comparison holds, and where it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Instruction {
    pub(in super::super) code: u16,
    pub(in super::super) jt: u8,
    pub(in super::super) jf: u8,
    pub(in super::super) k: u32,
}

/// A program that takes up to `snaplen` bytes of packets which fulfil the checks, of loopback's copies the received ones.
pub(super) fn assemble(
    checks: Option<&Expression<Check>>,
    loopback: bool,
    snaplen: u32,
) -> Result<Vec<Instruction>, String> {
    let mut assembler = Assembler::default();
    let (yes, no) = (assembler.label(), assembler.label());
    if let Some(checks) = checks {
        assembler.expression(checks, yes, no);
    }
    assembler.place(yes);
    assembler.lines.push(Line::Plain(plain(RET, snaplen)));
    assembler.place(no);
    assembler.lines.push(Line::Plain(plain(RET, 0)));
    // a jump that reaches further than a byte says takes three instructions; then all do
    let program = [Jumps::Short, Jumps::Long]
        .into_iter()
        .find_map(|jumps| assembler.link(jumps))
        .ok_or("it is too long for the kernel")?;
    let program = wrap(&program, loopback, snaplen);
    if program.len() > MOST_INSTRUCTIONS {
        return Err("it is too long for the kernel".to_owned());
    }
    Ok(program)
}

/// Puts in front of a program what leaves out the copies that loopback sends, and cuts what it takes to `snaplen` bytes.
pub(super) fn wrap(program: &[Instruction], loopback: bool, snaplen: u32) -> Vec<Instruction> {
    let front = [
        plain(LD_WORD, PACKET_TYPE),
        jump(JEQ, OUTGOING, 0, 1),
        plain(RET, 0),
    ];
    let front = front.into_iter().filter(|_| loopback);
    let cut = program.iter().map(|instruction| match instruction.code {
        RET => plain(RET, instruction.k.min(snaplen)),
        _ => *instruction,
    });
    front.chain(cut).collect()
}

impl Instruction {
    /// An instruction of its four numbers, code first.
    pub(super) fn from_numbers(text: &str) -> Option<Self> {
        let mut numbers = text.split_ascii_whitespace();
        Some(Self {
            code: numbers.next()?.parse().ok()?,
            jt: numbers.next()?.parse().ok()?,
            jf: numbers.next()?.parse().ok()?,
            k: numbers.next()?.parse().ok()?,
        })
    }
}

/// A place in the program, known once everything in front of it is.
#[derive(Clone, Copy, Debug)]
struct Label(usize);

#[derive(Clone, Copy, Debug)]
enum Line {
    Plain(Instruction),
    Place(Label),
    Go(Label),
    Jump {
        code: u16,
        k: u32,
        yes: Label,
        no: Label,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Jumps {
    Short,
    Long,
}

#[derive(Debug, Default)]
struct Assembler {
    lines: Vec<Line>,
    labels: usize,
}

impl Assembler {
    fn label(&mut self) -> Label {
        self.labels += 1;
        Label(self.labels - 1)
    }

    fn place(&mut self, label: Label) {
        self.lines.push(Line::Place(label));
    }

    fn expression(&mut self, expression: &Expression<Check>, yes: Label, no: Label) {
        match expression {
            Expression::Leaf(check) => self.check(*check, yes, no),
            Expression::And(one, other) => {
                let then = self.label();
                self.expression(one, then, no);
                self.place(then);
                self.expression(other, yes, no);
            }
            Expression::Or(one, other) => {
                let otherwise = self.label();
                self.expression(one, yes, otherwise);
                self.place(otherwise);
                self.expression(other, yes, no);
            }
            Expression::Not(one) => self.expression(one, no, yes),
            Expression::Never => self.lines.push(Line::Go(no)),
        }
    }

    fn check(&mut self, check: Check, yes: Label, no: Label) {
        let mut add = |code, k| self.lines.push(Line::Plain(plain(code, k)));
        match check.load {
            Load::Byte(at) => add(LD_BYTE, at),
            Load::Half(at) => add(LD_HALF, at),
            Load::Word(at) => add(LD_WORD, at),
            Load::Behind { header, at } => {
                add(LDX_HEADER, header);
                add(LD_HALF_BEHIND, header + at);
            }
        }
        if let Some(mask) = check.mask {
            add(AND, mask);
        }
        let code = match check.compare {
            Compare::Equal => JEQ,
            Compare::GreaterOrEqual => JGE,
            Compare::Greater => JGT,
            Compare::Shares => JSET,
        };
        let k = check.with;
        self.lines.push(Line::Jump { code, k, yes, no });
    }

    /// The program with every place known; `None` where a jump is too short for its place.
    fn link(&self, jumps: Jumps) -> Option<Vec<Instruction>> {
        let mut places = vec![0; self.labels];
        let mut at = 0;
        for line in &self.lines {
            if let Line::Place(Label(label)) = line {
                *places.get_mut(*label)? = at;
            }
            at += line.len(jumps);
        }
        let mut program: Vec<Instruction> = Vec::with_capacity(at);
        for line in &self.lines {
            let at = program.len();
            // how many instructions lie between the one at `from` and a place
            let over = |Label(label): Label, from: usize| places.get(label)?.checked_sub(from + 1);
            match *line {
                Line::Place(_) => {}
                Line::Plain(instruction) => program.push(instruction),
                Line::Go(label) => program.push(plain(JA, u32::try_from(over(label, at)?).ok()?)),
                Line::Jump { code, k, yes, no } if jumps == Jumps::Short => {
                    let byte = |label| u8::try_from(over(label, at)?).ok();
                    program.push(jump(code, k, byte(yes)?, byte(no)?));
                }
                Line::Jump { code, k, yes, no } => {
                    let far = |label, from| u32::try_from(over(label, from)?).ok();
                    program.push(jump(code, k, 0, 1));
                    program.push(plain(JA, far(yes, at + 1)?));
                    program.push(plain(JA, far(no, at + 2)?));
                }
            }
        }
        Some(program)
    }
}

impl Line {
    fn len(self, jumps: Jumps) -> usize {
        match (self, jumps) {
            (Self::Place(_), _) => 0,
            (Self::Jump { .. }, Jumps::Long) => 3,
            _ => 1,
        }
    }
}

fn plain(code: u16, k: u32) -> Instruction {
    jump(code, k, 0, 0)
}

fn jump(code: u16, k: u32, jt: u8, jf: u8) -> Instruction {
    Instruction { code, jt, jf, k }
}

/// The accumulator becomes the word, half-word or byte at `k`.
const LD_WORD: u16 = 0x20;
const LD_HALF: u16 = 0x28;
const LD_BYTE: u16 = 0x30;
/// .. the half-word at X + `k`.
const LD_HALF_BEHIND: u16 = 0x48;
/// X becomes the length of the IPv4 header at `k`.
const LDX_HEADER: u16 = 0xb1;
const AND: u16 = 0x54;
const JA: u16 = 0x05;
const JEQ: u16 = 0x15;
const JGT: u16 = 0x25;
const JGE: u16 = 0x35;
const JSET: u16 = 0x45;
/// Takes `k` bytes of the packet.
const RET: u16 = 0x06;

/// Where the kernel keeps how the packet came here: SKF_AD_OFF + SKF_AD_PKTTYPE.
const PACKET_TYPE: u32 = 0xffff_f004;

/// PACKET_OUTGOING (linux/if_packet.h).
const OUTGOING: u32 = 4;

/// BPF_MAXINSNS.
const MOST_INSTRUCTIONS: usize = 4096;

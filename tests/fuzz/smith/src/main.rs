// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//! Random modules for tools/fuzz, and what another validator says of them.
//!
//! Usage: interlink-smith FOLDER FIRST COUNT MUTANTS
//!
//! Writes COUNT modules, those of the seeds FIRST and up, as FOLDER/SEED.wasm, and of each MUTANTS damaged copies as
//! FOLDER/SEED-NUMBER.wasm. Prints a line for each file: its name, whether wasmparser calls it valid under the proposals
//! that the engine has, `plain` when it uses only proposals that wabt knows, else `new`, and wasmparser's reason.
//!
//! A seed chooses the proposals. Most modules are made like wasm-ld's: with a dylink.0 section, importing their memories
//! and tables; in those that share a memory the data segments are passive. Every loop and function counts down
//! `interlink_fuel`, and every wait has a timeout of 0, so that each run ends.

use std::{env, fs, path::Path, process::exit};
use wasm_encoder::reencode::{self, Reencode, RoundtripReencoder};
use wasm_encoder::{
    CodeSection, CustomSection, DataSection, EntityType, ExportKind, ExportSection, Function, ImportSection,
    Instruction, MemArg, MemArgTarget, Module, RawSection,
};
use wasm_smith::{Config, InstructionKind, InstructionKinds};
use wasmparser::{Operator, Parser, Payload, RefType, Validator, WasmFeatures};

const FUEL: &str = "interlink_fuel";

/// SplitMix64: small, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    /// True once in `times`.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}

/// What a seed asks for.
struct Wishes {
    config: Config,
    is_plain: bool,
    is_dynamic: bool,
    masks_indices: bool,
}

fn wishes(random: &mut Random) -> Wishes {
    let mut config = Config::default();
    let is_plain = random.once_in(3);
    config.gc_enabled = !is_plain && !random.once_in(3);
    config.exceptions_enabled = !is_plain && !random.once_in(3);
    config.relaxed_simd_enabled = !is_plain && random.once_in(2);
    config.simd_enabled = config.relaxed_simd_enabled || random.once_in(2);
    config.threads_enabled = random.once_in(2);
    config.memory64_enabled = random.once_in(4);
    config.tail_call_enabled = random.once_in(2);
    config.extended_const_enabled = random.once_in(2);
    config.wide_arithmetic_enabled = !is_plain && random.once_in(4);
    config.compact_imports_enabled = false;
    config.max_memories = if random.once_in(3) { 3 } else { 1 };
    config.max_tables = 4;
    config.min_tables = 1;
    config.min_memories = 1;
    config.max_memory32_bytes = 1 << 20;
    config.max_memory64_bytes = 1 << 20;
    config.max_table_elements = 200;
    config.memory_max_size_required = config.threads_enabled;
    config.min_funcs = 4;
    config.max_funcs = 12;
    config.max_imports = 6;
    config.max_types = 12;
    config.max_globals = 10;
    config.max_tags = 4;
    config.max_instructions = 60 + random.below(200);
    config.max_data_segments = 5;
    config.max_element_segments = 6;
    config.export_everything = true;
    config.canonicalize_nans = true;
    config.disallow_traps = !random.once_in(4);
    if random.once_in(2) {
        // Without writes to tables no module is refused because of them.
        use InstructionKind::*;
        config.allowed_instructions = InstructionKinds::new(&[
            NumericInt, Numeric, VectorInt, Vector, Reference, Parametric, Variable, MemoryInt, Memory, Control,
            Aggregate,
        ]);
    }
    Wishes {
        config,
        is_plain,
        is_dynamic: !random.once_in(5),
        masks_indices: !random.once_in(4),
    }
}

/// A function type whose parameters are numbers, and how many results it has.
struct SimpleType {
    index: u32,
    parameters: Vec<wasmparser::ValType>,
    results: usize,
}

/// Copies what it is not told to change. Into modules with a function table it puts, between other instructions, what
/// instrumenting rewrites; each time it leaves the operand stack as it was.
struct Adapter {
    random: Random,
    masks_indices: bool,
    makes_data_passive: bool,
    table_is_64: Vec<bool>,
    function_table: Option<u32>,
    waits: bool, // on memory 0
    types: Vec<SimpleType>,
}

impl Adapter {
    fn inject(&mut self, into: &mut Function) {
        let Some(table) = self.function_table else { return };
        if !self.random.once_in(12) {
            return;
        }
        let slot = self.random.below(16) as i32;
        match self.random.below(8) {
            0 | 1 => {
                into.instruction(&Instruction::I32Const(slot));
                into.instruction(&Instruction::TableGet(table));
                into.instruction(&Instruction::Drop);
            }
            2 | 3 => {
                into.instruction(&Instruction::TableSize(table));
                into.instruction(&Instruction::Drop);
            }
            4 if !self.types.is_empty() => self.inject_call(into, slot, table),
            5 | 6 if self.waits => self.inject_wait(into),
            _ => {}
        }
    }

    fn inject_call(&mut self, into: &mut Function, slot: i32, table_index: u32) {
        let chosen = &self.types[self.random.below(self.types.len())];
        for parameter in &chosen.parameters {
            into.instruction(&match parameter {
                wasmparser::ValType::I64 => Instruction::I64Const(slot.into()),
                wasmparser::ValType::F32 => Instruction::F32Const(0.5.into()),
                wasmparser::ValType::F64 => Instruction::F64Const(0.5.into()),
                _ => Instruction::I32Const(slot),
            });
        }
        into.instruction(&Instruction::I32Const(slot));
        into.instruction(&Instruction::CallIndirect {
            type_index: chosen.index,
            table_index,
        });
        for _ in 0..chosen.results {
            into.instruction(&Instruction::Drop);
        }
    }

    fn inject_wait(&mut self, into: &mut Function) {
        // Mostly aligned, and inside when there is a page at all.
        let address = if self.random.once_in(8) {
            self.random.below(1 << 18)
        } else {
            8 * self.random.below(8000)
        };
        let argument = |align| MemArg {
            ordering: None,
            offset: 8,
            align,
            target: MemArgTarget::Memory(0),
        };
        into.instruction(&Instruction::I32Const(address as i32));
        into.instruction(&Instruction::I32Const(0));
        match self.random.below(3) {
            0 => {
                into.instruction(&Instruction::MemoryAtomicNotify(argument(2)));
            }
            1 => {
                into.instruction(&Instruction::I64Const(0));
                into.instruction(&Instruction::MemoryAtomicWait32(argument(2)));
            }
            _ => {
                into.instruction(&Instruction::I64ExtendI32U);
                into.instruction(&Instruction::I64Const(0));
                into.instruction(&Instruction::MemoryAtomicWait64(argument(3)));
            }
        }
        into.instruction(&Instruction::Drop);
    }
}

type Problem = reencode::Error<std::convert::Infallible>;

impl Reencode for Adapter {
    type Error = std::convert::Infallible;

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: wasmparser::FunctionBody<'_>,
    ) -> Result<(), Problem> {
        let mut function = self.new_function_with_parsed_locals(&body)?;
        let mut reader = body.get_operators_reader()?;
        while !reader.eof() {
            let operator = reader.read()?;
            self.inject(&mut function);
            match operator {
                Operator::MemoryAtomicWait32 { .. } | Operator::MemoryAtomicWait64 { .. } => {
                    function.instruction(&Instruction::Drop);
                    function.instruction(&Instruction::I64Const(0));
                }
                Operator::CallIndirect { table_index, .. } | Operator::ReturnCallIndirect { table_index, .. }
                    if self.masks_indices =>
                {
                    if self.table_is_64[table_index as usize] {
                        function.instruction(&Instruction::I64Const(15));
                        function.instruction(&Instruction::I64And);
                    } else {
                        function.instruction(&Instruction::I32Const(15));
                        function.instruction(&Instruction::I32And);
                    }
                }
                _ => {}
            }
            function.instruction(&self.instruction(operator)?);
        }
        code.function(&function);
        Ok(())
    }

    fn parse_data(&mut self, data: &mut DataSection, one: wasmparser::Data<'_>) -> Result<(), Problem> {
        if self.makes_data_passive {
            data.passive(one.data.iter().copied());
            return Ok(());
        }
        reencode::utils::parse_data(self, data, one)
    }
}

/// A table of its own, for functions, that no instruction writes to.
fn function_table(tables: &[wasmparser::TableType], first: usize, bytes: &[u8]) -> Result<Option<usize>, Problem> {
    let mut is_written = vec![false; tables.len()];
    for payload in Parser::new(0).parse_all(bytes) {
        if let Payload::CodeSectionEntry(body) = payload? {
            for operator in body.get_operators_reader()? {
                let written = match operator? {
                    Operator::TableSet { table } | Operator::TableGrow { table } | Operator::TableFill { table } => {
                        [table, table]
                    }
                    Operator::TableInit { table, .. } => [table, table],
                    Operator::TableCopy { dst_table, src_table } => [dst_table, src_table],
                    _ => continue,
                };
                written.iter().for_each(|table| is_written[*table as usize] = true);
            }
        }
    }
    let fits =
        |table: &wasmparser::TableType| table.element_type == RefType::FUNCREF && !table.table64 && table.initial > 15;
    Ok((first..tables.len()).find(|place| fits(&tables[*place]) && !is_written[*place]))
}

fn simple_types(section: wasmparser::TypeSectionReader<'_>) -> Result<Vec<SimpleType>, Problem> {
    use wasmparser::{CompositeInnerType, ValType};
    let mut found = Vec::new();
    let mut index = 0;
    for group in section {
        for sub in group?.into_types() {
            if let CompositeInnerType::Func(function) = &sub.composite_type.inner {
                let parameters = function.params().to_vec();
                if parameters
                    .iter()
                    .all(|t| matches!(t, ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64))
                {
                    found.push(SimpleType {
                        index,
                        parameters,
                        results: function.results().len(),
                    });
                }
            }
            index += 1;
        }
    }
    Ok(found)
}

/// Gives the module what the head of this file says.
fn adapt(bytes: &[u8], fuel: u32, wishes: &Wishes) -> Result<Vec<u8>, Problem> {
    let mut kept = Vec::new(); // (id, payload) of every section that stays as it is
    let mut imports = ImportSection::new();
    let mut exports = ExportSection::new();
    let mut code = None;
    let mut data = None;
    let mut tables = Vec::new();
    let mut imported_tables = 0;
    let mut memories = Vec::new();
    let mut imported_memories = 0;
    let mut adapter = Adapter {
        random: Random(bytes.len() as u64),
        masks_indices: wishes.masks_indices,
        makes_data_passive: false,
        table_is_64: Vec::new(),
        function_table: None,
        waits: false,
        types: Vec::new(),
    };
    let mut chosen = None;
    let keep = |range: std::ops::Range<u64>| bytes[range.start as usize..range.end as usize].to_vec();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::TypeSection(s) => {
                kept.push((1, keep(s.range())));
                adapter.types = simple_types(s)?;
            }
            Payload::ImportSection(s) => {
                for import in s.clone().into_imports() {
                    match import?.ty {
                        wasmparser::TypeRef::Table(t) => {
                            tables.push(t);
                            imported_tables += 1;
                        }
                        wasmparser::TypeRef::Memory(m) => {
                            memories.push(m);
                            imported_memories += 1;
                        }
                        _ => {}
                    }
                }
                RoundtripReencoder.parse_import_section(&mut imports, s)?;
            }
            Payload::FunctionSection(s) => kept.push((3, keep(s.range()))),
            Payload::TableSection(s) => {
                kept.push((4, keep(s.range())));
                for table in s {
                    tables.push(table?.ty);
                }
            }
            Payload::MemorySection(s) => {
                kept.push((5, keep(s.range())));
                for memory in s {
                    memories.push(memory?);
                }
            }
            Payload::TagSection(s) => kept.push((13, keep(s.range()))),
            Payload::GlobalSection(s) => kept.push((6, keep(s.range()))),
            Payload::ExportSection(s) => RoundtripReencoder.parse_export_section(&mut exports, s)?,
            Payload::StartSection { range, .. } => kept.push((8, keep(range))),
            Payload::ElementSection(s) => kept.push((9, keep(s.range()))),
            Payload::DataCountSection { range, .. } => kept.push((12, keep(range))),
            Payload::CodeSectionEntry(body) => {
                if code.is_none() {
                    adapter.table_is_64 = tables
                        .iter()
                        .map(|table: &wasmparser::TableType| table.table64)
                        .collect();
                }
                if code.is_none() && wishes.is_dynamic {
                    // Behind the tables that there are, all of which become imports, comes one more if need be.
                    chosen = function_table(&tables, imported_tables, bytes)?;
                    adapter.function_table = Some(chosen.unwrap_or(tables.len()) as u32);
                    adapter.waits = memories
                        .first()
                        .is_some_and(|m: &wasmparser::MemoryType| m.shared && !m.memory64);
                }
                adapter.parse_function_body(code.get_or_insert_with(CodeSection::new), body)?;
            }
            Payload::DataSection(s) => {
                adapter.makes_data_passive =
                    wishes.is_dynamic && memories.iter().any(|memory: &wasmparser::MemoryType| memory.shared);
                adapter.parse_data_section(data.get_or_insert_with(DataSection::new), s)?;
            }
            _ => {}
        }
    }
    if wishes.is_dynamic {
        kept.retain(|(id, _)| *id != 4 && *id != 5);
        for (place, table) in tables.iter().enumerate().skip(imported_tables) {
            let name = if Some(place) == chosen {
                "__indirect_function_table".into()
            } else {
                format!("table{place}")
            };
            imports.import("env", &name, EntityType::Table(RoundtripReencoder.table_type(*table)?));
        }
        if chosen.is_none() {
            let element_type = wasm_encoder::RefType::FUNCREF;
            let more = wasm_encoder::TableType {
                element_type,
                table64: false,
                minimum: 16,
                maximum: None,
                shared: false,
            };
            imports.import("env", "__indirect_function_table", EntityType::Table(more));
        }
        for (place, memory) in memories.iter().enumerate().skip(imported_memories) {
            let name = if place == 0 {
                "memory".into()
            } else {
                format!("memory{place}")
            };
            imports.import(
                "env",
                &name,
                EntityType::Memory(RoundtripReencoder.memory_type(*memory)?),
            );
        }
    }
    exports.export(FUEL, ExportKind::Global, fuel);

    let mut out = Module::new();
    if wishes.is_dynamic {
        out.section(&CustomSection {
            name: "dylink.0".into(),
            data: (&[1, 4, 64, 4, 32, 0][..]).into(),
        });
    }
    let raw = |out: &mut Module, wanted: u8, kept: &[(u8, Vec<u8>)]| {
        for (id, payload) in kept.iter().filter(|(id, _)| *id == wanted) {
            out.section(&RawSection { id: *id, data: payload });
        }
    };
    raw(&mut out, 1, &kept);
    out.section(&imports);
    for id in [3, 4, 5, 13, 6] {
        raw(&mut out, id, &kept);
    }
    out.section(&exports);
    for id in [8, 9, 12] {
        raw(&mut out, id, &kept);
    }
    code.iter().for_each(|section| {
        out.section(section);
    });
    data.iter().for_each(|section| {
        out.section(section);
    });
    Ok(out.finish())
}

fn make(seed: u64) -> Option<(Vec<u8>, bool)> {
    let mut random = Random(seed.wrapping_mul(0x2545_f491_4f6c_dd1d));
    let wishes = wishes(&mut random);
    let size = 16384 + random.below(1 << 16);
    let input = random.bytes(size);
    let mut module = wasm_smith::Module::new(wishes.config.clone(), &mut arbitrary::Unstructured::new(&input)).ok()?;
    let fuel = module.ensure_termination(1000).ok()?;
    match adapt(&module.to_bytes(), fuel, &wishes) {
        Ok(bytes) => Some((bytes, wishes.is_plain)),
        Err(problem) => {
            eprintln!("seed {seed}: {problem}");
            None
        }
    }
}

/// A copy with a few bits flipped, an end cut off, a part repeated, or a section of another module in place of its own.
fn damage(bytes: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut damaged = bytes.to_vec();
    match random.below(4) {
        0 => damaged.truncate(random.below(bytes.len())),
        1 => {
            let from = random.below(bytes.len());
            let end = (from + 1 + random.below(16)).min(bytes.len());
            let at = random.below(bytes.len());
            damaged.splice(at..at, bytes[from..end].iter().copied());
        }
        2 => {
            let mine = sections(bytes);
            let theirs = sections(other);
            if !mine.is_empty() && !theirs.is_empty() {
                let from = theirs[random.below(theirs.len())].clone();
                let same = mine.iter().find(|range| bytes[range.start] == other[from.start]);
                let place = same.cloned().unwrap_or(bytes.len()..bytes.len());
                damaged.splice(place, other[from].iter().copied());
            }
        }
        _ => {
            for _ in 0..1 + random.below(4) {
                let at = 8 + random.below(bytes.len() - 8);
                damaged[at] ^= 1 << random.below(8);
            }
        }
    }
    damaged
}

/// Where the sections lie, with their heads.
fn sections(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut at = 8;
    while at < bytes.len() {
        let start = at;
        at += 1;
        let (mut size, mut shift) = (0usize, 0);
        while at < bytes.len() && shift < 35 {
            size |= ((bytes[at] & 0x7f) as usize) << shift;
            shift += 7;
            at += 1;
            if bytes[at - 1] & 0x80 == 0 {
                break;
            }
        }
        if size > bytes.len() - at {
            break;
        }
        at += size;
        found.push(start..at);
    }
    found
}

fn report(folder: &Path, name: &str, bytes: &[u8], is_plain: bool) -> std::io::Result<()> {
    fs::write(folder.join(name), bytes)?;
    let verdict = Validator::new_with_features(WasmFeatures::default()).validate_all(bytes);
    let kind = if is_plain { "plain" } else { "new" };
    match verdict {
        Ok(_) => println!("{name}\tvalid\t{kind}\t"),
        Err(reason) => println!(
            "{name}\tinvalid\t{kind}\t{}",
            reason.message().replace(['\n', '\t'], " ")
        ),
    }
    Ok(())
}

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = env::args().collect();
    let number = |place: usize| arguments.get(place).and_then(|text| text.parse::<u64>().ok());
    let (Some(first), Some(count), Some(mutants)) = (number(2), number(3), number(4)) else {
        eprintln!("usage: interlink-smith FOLDER FIRST COUNT MUTANTS");
        exit(2);
    };
    let folder = Path::new(&arguments[1]);
    fs::create_dir_all(folder)?;
    let mut other = Vec::new();
    for seed in first..first + count {
        let Some((bytes, is_plain)) = make(seed) else { continue };
        report(folder, &format!("{seed}.wasm"), &bytes, is_plain)?;
        let mut random = Random(seed);
        for number in 0..mutants {
            report(
                folder,
                &format!("{seed}-{number}.wasm"),
                &damage(&bytes, &other, &mut random),
                is_plain,
            )?;
        }
        other = bytes;
    }
    Ok(())
}

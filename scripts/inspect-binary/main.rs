//! What binaries say of themselves, a line of JSON for each path: `{format, needs, libraries, exports}`,
//! where `needs` is the lowest C library or system that it says it runs on. Every release is checked
//! by it, so it fails on what it does not expect.

use std::error::Error;

use goblin::Object;
use goblin::elf::{
    Elf, dynamic::DF_1_NODELETE, header as elf, sym::STB_GLOBAL, symver::VerneedSection,
};
use goblin::mach::load_command::CommandVariant::{BuildVersion, VersionMinMacosx};
use goblin::mach::{Mach, MachO, constants::cputype, symbols::N_SECT};
use goblin::pe::{PE, header as pe};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn described(format: &str, needs: &str, libraries: &[&str], exports: &[&str]) -> Result<Value> {
    if !exports.contains(&"napi_register_module_v1") {
        return Err(format!("no addon: it exports {}", exports.join(", ")).into());
    }
    Ok(json!({ "format": format, "needs": needs, "libraries": libraries, "exports": exports }))
}

fn inspect_elf(file: &Elf) -> Result<Value> {
    let format = match file.header.e_machine {
        elf::EM_X86_64 => "ELF x86-64",
        elf::EM_AARCH64 => "ELF AArch64",
        _ => return Err("an ELF for an unknown machine".into()),
    };
    let mut versions = Vec::new();
    for library in file.verneed.iter().flat_map(VerneedSection::iter) {
        versions.extend(library.iter().filter_map(|one| file.dynstrtab.get_at(one.vna_name)));
    }
    let flags = file.dynamic.as_ref().map_or(0, |table| table.info.flags_1);
    // A library that is unloaded and loaded again would have lost its captures; musl unloads none.
    if !versions.is_empty() && flags & DF_1_NODELETE == 0 {
        return Err("linked without -z nodelete".into());
    }
    let numbers = |version: &str| version.split('.').map(|one| one.parse().ok()).collect();
    let glibc = versions.iter().filter_map(|name| name.strip_prefix("GLIBC_"));
    // Others, such as GLIBC_PRIVATE, are no numbers.
    let newest = glibc.max_by_key(|version| -> Option<Vec<u32>> { numbers(version) });
    let needs = newest.map_or("musl".into(), |version| format!("glibc {version}"));
    let symbols = file.dynsyms.iter();
    let defined = symbols.filter(|one| one.st_bind() == STB_GLOBAL && one.st_shndx != 0);
    let exports: Vec<_> = defined.filter_map(|one| file.dynstrtab.get_at(one.st_name)).collect();
    described(format, &needs, &file.libraries, &exports)
}

fn inspect_mach(file: &MachO) -> Result<Value> {
    let format = match file.header.cputype {
        cputype::CPU_TYPE_X86_64 => "Mach-O x86-64",
        cputype::CPU_TYPE_ARM64 => "Mach-O arm64",
        _ => return Err("a Mach-O for an unknown machine".into()),
    };
    let oldest = file.load_commands.iter().find_map(|one| match one.command {
        BuildVersion(command) => Some(command.minos),
        VersionMinMacosx(command) => Some(command.version),
        _ => None,
    });
    let oldest = oldest.ok_or("a Mach-O that names no version of macOS")?;
    let needs = format!("macOS {}.{}", oldest >> 16, (oldest >> 8) & 255);
    let mut exports = Vec::new();
    for symbol in file.symbols() {
        let (name, entry) = symbol?;
        if entry.is_global() && entry.get_type() == N_SECT {
            exports.push(name.strip_prefix('_').unwrap_or(name));
        }
    }
    // The first of the libraries is the file itself.
    described(format, &needs, &file.libs[1..], &exports)
}

fn inspect_pe(file: &PE) -> Result<Value> {
    let format = match file.header.coff_header.machine {
        pe::COFF_MACHINE_X86_64 => "PE x86-64",
        pe::COFF_MACHINE_ARM64 => "PE ARM64",
        _ => return Err("a PE for an unknown machine".into()),
    };
    let optional = file.header.optional_header.ok_or("a PE without an optional header")?;
    let fields = optional.windows_fields;
    let (major, minor) = (fields.major_subsystem_version, fields.minor_subsystem_version);
    let needs = format!("Windows NT {major}.{minor}");
    let imported = file.import_data.iter().flat_map(|data| &data.import_data);
    let libraries: Vec<_> = imported.map(|library| library.name).collect();
    let exports: Vec<_> = file.exports.iter().filter_map(|one| one.name).collect();
    described(format, &needs, &libraries, &exports)
}

fn inspect(path: &str) -> Result<Value> {
    match Object::parse(&std::fs::read(path)?)? {
        Object::Elf(file) => inspect_elf(&file),
        Object::Mach(Mach::Binary(file)) => inspect_mach(&file),
        Object::PE(file) => inspect_pe(&file),
        _ => Err("neither ELF nor Mach-O nor PE".into()),
    }
}

fn main() -> Result<()> {
    for path in std::env::args().skip(1) {
        let found = inspect(&path).map_err(|error| format!("{path}: {error}"))?;
        println!("{found}");
    }
    Ok(())
}

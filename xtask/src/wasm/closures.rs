//! Closures that nobody makes. js-sys describes to wasm-bindgen every function that takes one, and a
//! description names the function that a closure is called by; when the descriptions are gone, those
//! functions are still in the module's table, and all that they call with them.

use walrus::{ConstExpr, DataKind, ElementItems, ElementKind, FunctionId, Module, ir::Value};

/// What a closure is called by. JavaScript takes the ones that are used as exports, and nothing in
/// Rust calls one by its place in the table.
const CALLED_BY: &str = "::convert::closures::_::invoke::<";

/// Takes them out of the table: their places get a function that is there anyway. Needs the
/// functions' names. Gives how many.
pub fn drop_unmade(module: &mut Module) -> usize {
    let words = words(module);
    let is_closure = |id: &FunctionId| {
        let name = module.funcs.get(*id).name.as_deref().unwrap_or_default();
        name.contains(CALLED_BY)
    };
    let mut elements: Vec<_> = module
        .elements
        .iter()
        .map(|element| match &element.items {
            ElementItems::Functions(ids) => (
                offset(&element.kind),
                ids.iter().map(|id| (*id, is_closure(id))).collect(),
            ),
            ElementItems::Expressions(..) => (None, Vec::new()),
        })
        .collect();
    let mut dropped = 0;
    for (element, (first, ids)) in module.elements.iter_mut().zip(&mut elements) {
        let ElementItems::Functions(kept) = &mut element.items else {
            continue;
        };
        let other = ids.iter().find(|(_, closure)| !closure).map(|(id, _)| *id);
        let (Some(first), Some(other)) = (*first, other) else {
            continue;
        };
        for ((id, (_, closure)), place) in kept.iter_mut().zip(ids).zip(first..) {
            // One that was found equal to another function may stand in that one's stead.
            if *closure && !words.contains(&place) {
                *id = other;
                dropped += 1;
            }
        }
    }
    dropped
}

fn offset(kind: &ElementKind) -> Option<u32> {
    match kind {
        ElementKind::Active { offset, .. } => number(offset),
        _ => None,
    }
}

fn number(expression: &ConstExpr) -> Option<u32> {
    match expression {
        ConstExpr::Value(Value::I32(number)) => u32::try_from(*number).ok(),
        _ => None,
    }
}

/// Every aligned word of the module's data: some are places in the table.
fn words(module: &Module) -> std::collections::BTreeSet<u32> {
    let mut words = std::collections::BTreeSet::new();
    for data in module.data.iter() {
        let DataKind::Active { offset, .. } = &data.kind else {
            continue;
        };
        let first = number(offset).unwrap_or_default() as usize;
        let unaligned = first.next_multiple_of(4) - first;
        let aligned = data.value.get(unaligned..).unwrap_or_default();
        for word in aligned.chunks_exact(4) {
            words.extend(word.try_into().map(u32::from_le_bytes));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use walrus::{FunctionBuilder, ModuleConfig, RefType};

    use super::*;

    #[test]
    fn a_closure_that_no_data_names_leaves_the_table() {
        let mut module = Module::with_config(ModuleConfig::new());
        let mut ids = Vec::new();
        for name in [
            "kept",
            "wasm_bindgen[0]::convert::closures::_::invoke::<A>",
            "wasm_bindgen[0]::convert::closures::_::invoke::<B>",
        ] {
            let mut function = FunctionBuilder::new(&mut module.types, &[], &[]);
            function.name(name.to_owned()).func_body();
            ids.push(function.finish(Vec::new(), &mut module.funcs));
        }
        let table = module.tables.add_local(false, 4, None, RefType::FUNCREF);
        let offset = ConstExpr::Value(Value::I32(1));
        let kind = ElementKind::Active { table, offset };
        module
            .elements
            .add(kind, ElementItems::Functions(ids.clone()));
        let memory = module.memories.add_local(false, false, 1, None, None);
        let offset = ConstExpr::Value(Value::I32(1023));
        let kind = DataKind::Active { memory, offset };
        // At 1024 the place of the second closure.
        module.data.add(kind, vec![2, 3, 0, 0, 0]);
        assert_eq!(drop_unmade(&mut module), 1);
        let element = module.elements.iter().next().unwrap();
        let ElementItems::Functions(left) = &element.items else {
            panic!("no functions")
        };
        assert_eq!(left, &[ids[0], ids[0], ids[2]]);
    }
}

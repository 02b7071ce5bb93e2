//! Doc comments, as one string.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The text of an item's doc comment: its lines joined by spaces, paragraphs by line ends. Empty
/// where there is none.
pub fn text(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| {
        let Meta::NameValue(meta) = &attribute.meta else { return None };
        match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) if meta.path.is_ident("doc") => {
                Some(line.value().trim().to_owned())
            }
            _ => None,
        }
    });
    let mut text = String::new();
    for line in lines {
        match () {
            () if line.is_empty() => text.push('\n'),
            () if text.is_empty() || text.ends_with('\n') => text.push_str(&line),
            () => {
                text.push(' ');
                text.push_str(&line);
            }
        }
    }
    text.trim().to_owned()
}

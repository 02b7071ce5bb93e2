//! Derive macros of `safelight-operation`: [`Input`], [`Output`] and [`ValueEnum`]. Each reads
//! a plain struct or enum with doc comments and a few attributes, and writes the implementation of
//! the trait of the same name.

#![forbid(unsafe_code)]

mod doc;
mod input;
mod output;
mod value_enum;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Implements `safelight_operation::Input` for a struct with named fields.
///
/// Each field has a doc comment, which becomes its description, and one of these attributes:
///
/// | attribute | type of the field | meaning |
/// |---|---|---|
/// | `#[picture(RULES)]` | `Picture` or `Option<Picture>` | a picture; `RULES` is an expression of type `Rules` |
/// | `#[pictures(RULES, 1..=5)]` | `Vec<Picture>` | several pictures under one name |
/// | `#[mask(RULES, of = image)]` | `Mask` or `Option<Mask>` | a mask of the size of the picture `image` |
/// | `#[video(BYTES)]` | `Video` | an MP4 of at most so many bytes |
/// | `#[integer(1..=4)]` | an integer | a whole number in a range |
/// | `#[number(0.0..=1.0)]` | `f64` | a number in a range |
/// | `#[scale(0..=100, Code::X)]` | an integer | as `integer`; out of range is the code given |
/// | `#[flag]` | `bool` | a boolean in any of the spellings of clients |
/// | `#[choice]`, `#[choice(WORDS)]` | an enum | one of the words of a `ValueEnum`, or of a list |
/// | `#[words]`, `#[words(WORDS)]` | `Vec` of an enum | a list of such words with commas |
/// | `#[text(100)]` | `String` | text of at most so many characters |
/// | `#[cut(100)]` | `String` | text that is cut after so many characters |
/// | `#[identifier(64)]` | `String` | letters, digits, `_` and `-`, at most so many |
/// | `#[json]` | `serde::Deserialize` | a JSON value |
/// | `#[kind(EXPR)]` | | any expression whose type is a `Kind` |
/// | `#[shared(ITEM)]` | | a `static` parameter or file field that several operations have |
///
/// A parameter is optional where its type is `Option<_>` and required otherwise, unless
/// `#[field(default = EXPR)]` says what its absence means. Further arguments of `#[field(…)]`:
/// `name = "…"` where the name differs from the field's, `alias = "…"` for a further name that
/// clients send, `missing = Code::X` for a code of its own when a required field is missing.
///
/// `#[input(check = PATH)]` on the struct names a `fn(&Self) -> Result<()>` that is called last.
#[proc_macro_derive(
    Input,
    attributes(
        input, field, picture, pictures, mask, video, integer, number, scale, flag, choice, words,
        text, cut, identifier, json, kind, shared
    )
)]
pub fn derive_input(tokens: TokenStream) -> TokenStream {
    let item = parse_macro_input!(tokens as DeriveInput);
    input::derive(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Implements `safelight_operation::Output` for a struct with named fields.
///
/// Each field becomes a property of a JSON object, described by its doc comment. A field of type
/// `Option<_>` is absent where it is `None`. Arguments of `#[output(…)]`: `name = "…"` where
/// the name differs from the field's, `path = "data.url"` for a property of nested objects, `values(0, 1,
/// 2)` for a closed set of values, `flatten` to put the properties of the field's struct beside the
/// others.
#[proc_macro_derive(Output, attributes(output))]
pub fn derive_output(tokens: TokenStream) -> TokenStream {
    let item = parse_macro_input!(tokens as DeriveInput);
    output::derive(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Implements `safelight_operation::ValueEnum` for an enum without data.
///
/// Each variant is one word, its name in snake case unless `#[value("…")]` says another, described
/// by its doc comment.
#[proc_macro_derive(ValueEnum, attributes(value))]
pub fn derive_value_enum(tokens: TokenStream) -> TokenStream {
    let item = parse_macro_input!(tokens as DeriveInput);
    value_enum::derive(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}

//! `#[derive(ValueEnum)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, LitStr, Result, Variant};

use crate::doc;

pub fn derive(item: &DeriveInput) -> Result<TokenStream> {
    let Data::Enum(data) = &item.data else {
        return Err(Error::new_spanned(&item.ident, "ValueEnum is derived for enums"));
    };
    let values = data.variants.iter().map(value).collect::<Result<Vec<_>>>()?;
    let name = &item.ident;
    Ok(quote! {
        impl ::safelight_operation::ValueEnum for #name {
            const VALUES: &'static [(&'static str, Self, &'static str)] = &[#(#values),*];
        }
    })
}

fn value(variant: &Variant) -> Result<TokenStream> {
    if !matches!(variant.fields, Fields::Unit) {
        return Err(Error::new_spanned(variant, "a variant of a ValueEnum holds no data"));
    }
    let ident = &variant.ident;
    let word = match variant.attrs.iter().find(|attribute| attribute.path().is_ident("value")) {
        Some(attribute) => attribute.parse_args::<LitStr>()?.value(),
        None => snake_case(&ident.to_string()),
    };
    let doc = doc::text(&variant.attrs);
    if doc.is_empty() {
        return Err(Error::new_spanned(variant, "a variant's doc comment says what it means"));
    }
    Ok(quote! { (#word, Self::#ident, #doc) })
}

fn snake_case(name: &str) -> String {
    let mut word = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.extend(letter.to_lowercase());
    }
    word
}

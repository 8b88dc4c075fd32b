//! The form of several references, in the mapping and in the rows of a chunk.

use insight_import_client::document::SchemaAndMapping;
use serde_json::{Map, Value};
use sync_model::{ObjectKind, Record, ReferenceForm};

use crate::attribute::MappedAttribute;
use crate::document::{document, search};
use crate::mapping::Mapping;

impl Mapping {
    /// The form of several references.
    pub const fn reference_form(&self) -> ReferenceForm {
        self.layout.reference_form
    }

    /// This mapping with another form of several references.
    #[must_use]
    pub fn with_reference_form(mut self, form: ReferenceForm) -> Self {
        self.layout.reference_form = form;
        self.document = document(&self.layout);
        self
    }

    /// This mapping with the form of several references that a mapping in Assets has, unless the options choose one.
    #[must_use]
    pub fn keeping_reference_form(self, current: Option<&SchemaAndMapping>) -> Self {
        let is_chosen = self.layout.options.reference_form.form().is_some();
        match current.filter(|_| !is_chosen).and_then(|current| self.reference_form_in(current)) {
            Some(form) => self.with_reference_form(form),
            None => self,
        }
    }

    /// The form that a mapping in Assets has; `None` if it has none of them.
    fn reference_form_in(&self, current: &SchemaAndMapping) -> Option<ReferenceForm> {
        let mapped = ObjectKind::ALL.into_iter().find_map(|kind| self.several_references(kind))?;
        let types = &current.mapping.object_type_mappings;
        let fields = types.iter().flat_map(|of_type| &of_type.attributes_mapping);
        let mut fields = fields.filter(|f| f.attribute_external_id.as_ref() == Some(&mapped.external_id));
        let condition = fields.find_map(|field| field.object_mapping_iql.as_deref())?;
        ReferenceForm::ALL.into_iter().find(|form| condition.ends_with(&search(*form, mapped)))
    }

    /// The rows of a record in a chunk: one, or with [`ReferenceForm::RowPerReference`] one for each value of the attribute
    /// with [several references](Self::several_references). All rows of a record belong in one chunk.
    pub fn rows(&self, record: Record) -> Vec<Value> {
        let several = self.several_references(record.key.kind).map(|mapped| mapped.locator.clone());
        let row: Map<String, Value> = record.fields.into_iter().collect();
        let Some(field) = several.filter(|_| self.reference_form() == ReferenceForm::RowPerReference) else {
            return vec![Value::Object(row)];
        };
        let values = match row.get(&field) {
            Some(Value::Array(values)) if !values.is_empty() => values.clone(),
            _ => return vec![Value::Object(row)],
        };
        let with = |value| {
            let mut row = row.clone();
            row.insert(field.clone(), value);
            Value::Object(row)
        };
        values.into_iter().map(with).collect()
    }

    /// The attribute with several references, of which an object type has one at most.
    pub fn several_references(&self, kind: ObjectKind) -> Option<&MappedAttribute> {
        self.attributes(kind).iter().find(|a| a.many && a.source.refers())
    }
}

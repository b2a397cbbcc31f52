//! What an expression refers to: `var.name`, `local.name`, `aws_s3_bucket.raw.arn`.

use super::{FilesError, unresolved};
use hcl::expr::{ObjectKey, Operation, TemplateExpr, Traversal, TraversalOperator};
use hcl::template::{Directive, Element, Template};
use hcl::{Expression, Identifier};
use std::collections::BTreeSet;

/// The names of each reference, cut where its value is a whole thing of its own.
pub type References = BTreeSet<Vec<String>>;

/// Everything that an expression refers to.
///
/// # Errors
/// A template in it that is none.
pub fn of(expression: &Expression) -> Result<References, FilesError> {
    let mut walk = Walk {
        found: References::new(),
        bound: Vec::new(),
    };
    walk.expression(expression)?;
    Ok(walk.found)
}

struct Walk {
    found: References,
    /// Names that a `for` makes, which refer to nothing outside.
    bound: Vec<String>,
}

impl Walk {
    fn expression(&mut self, expression: &Expression) -> Result<(), FilesError> {
        match expression {
            Expression::Array(items) => items.iter().try_for_each(|item| self.expression(item)),
            Expression::Object(members) => members.iter().try_for_each(|(key, value)| {
                if let ObjectKey::Expression(key) = key {
                    self.expression(key)?;
                }
                self.expression(value)
            }),
            Expression::TemplateExpr(template) => self.template_of(template),
            Expression::Variable(name) => {
                self.reference(name.as_str(), &[]);
                Ok(())
            }
            Expression::Traversal(traversal) => self.traversal(traversal),
            Expression::FuncCall(call) => call.args.iter().try_for_each(|arg| self.expression(arg)),
            Expression::Parenthesis(inner) => self.expression(inner),
            Expression::Conditional(choice) => {
                self.expression(&choice.cond_expr)?;
                self.expression(&choice.true_expr)?;
                self.expression(&choice.false_expr)
            }
            Expression::Operation(operation) => match &**operation {
                Operation::Unary(unary) => self.expression(&unary.expr),
                Operation::Binary(binary) => {
                    self.expression(&binary.lhs_expr)?;
                    self.expression(&binary.rhs_expr)
                }
            },
            Expression::ForExpr(each) => {
                self.expression(&each.collection_expr)?;
                self.with(each.key_var.as_ref(), &each.value_var, |walk| {
                    let parts = [each.key_expr.as_ref(), each.cond_expr.as_ref()];
                    let mut parts = parts.into_iter().flatten().chain([&each.value_expr]);
                    parts.try_for_each(|part| walk.expression(part))
                })
            }
            _ => Ok(()),
        }
    }

    fn with(
        &mut self,
        key: Option<&Identifier>,
        value: &Identifier,
        inside: impl FnOnce(&mut Self) -> Result<(), FilesError>,
    ) -> Result<(), FilesError> {
        let outside = self.bound.len();
        let names = key.into_iter().chain([value]);
        self.bound
            .extend(names.map(|name| name.as_str().to_owned()));
        let walked = inside(self);
        self.bound.truncate(outside);
        walked
    }

    fn template_of(&mut self, expression: &TemplateExpr) -> Result<(), FilesError> {
        let template = Template::from_expr(expression)
            .map_err(|error| unresolved("a template", error.to_string()))?;
        self.template(&template)
    }

    fn template(&mut self, template: &Template) -> Result<(), FilesError> {
        template
            .elements()
            .iter()
            .try_for_each(|element| match element {
                Element::Literal(_) => Ok(()),
                Element::Interpolation(part) => self.expression(&part.expr),
                Element::Directive(directive) => match &**directive {
                    Directive::If(choice) => {
                        self.expression(&choice.cond_expr)?;
                        self.template(&choice.true_template)?;
                        choice
                            .false_template
                            .as_ref()
                            .map_or(Ok(()), |part| self.template(part))
                    }
                    Directive::For(each) => {
                        self.expression(&each.collection_expr)?;
                        self.with(each.key_var.as_ref(), &each.value_var, |walk| {
                            walk.template(&each.template)
                        })
                    }
                },
            })
    }

    fn traversal(&mut self, traversal: &Traversal) -> Result<(), FilesError> {
        for operator in &traversal.operators {
            if let TraversalOperator::Index(index) = operator {
                self.expression(index)?;
            }
        }
        let Expression::Variable(root) = &traversal.expr else {
            return self.expression(&traversal.expr);
        };
        let names: Vec<&str> = traversal
            .operators
            .iter()
            .map_while(|operator| match operator {
                TraversalOperator::GetAttr(name) => Some(name.as_str()),
                _ => None,
            })
            .collect();
        self.reference(root.as_str(), &names);
        Ok(())
    }

    fn reference(&mut self, root: &str, names: &[&str]) {
        if self.bound.iter().any(|bound| bound == root) {
            return;
        }
        let whole = match root {
            "var" | "local" => 1,
            "data" => 3,
            _ => 2,
        };
        let names = names.iter().take(whole);
        self.found.insert(
            [root]
                .iter()
                .chain(names)
                .map(|name| (*name).to_owned())
                .collect(),
        );
    }
}

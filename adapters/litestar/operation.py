"""How an operation is described in OpenAPI."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from litestar.openapi.spec import OpenAPIType, Operation, Parameter, Schema


@dataclass
class DescribedOperation(Operation):
    """An operation as it is, where Litestar describes another.

    What Litestar itself refuses is 422 here as all else, never 400. And a parameter that may be left out is no
    parameter that may be null; what its `schema_extra` says of it holds, whatever type the handler takes it as.
    """

    def __post_init__(self) -> None:
        if self.responses is not None:
            self.responses.pop("400", None)
        for parameter in self.parameters or ():
            if isinstance(parameter, Parameter) and isinstance(parameter.schema, Schema) and parameter.schema.one_of:
                parameter.schema = _without_null(parameter.schema)


def _without_null(schema: Schema) -> Schema:
    plain = [each for each in schema.one_of or () if isinstance(each, Schema) and each.type is not OpenAPIType.NULL]
    said = {field.name: value for field in fields(schema) if (value := getattr(schema, field.name)) is not None}
    del said["one_of"]
    return replace(plain[0], **said)

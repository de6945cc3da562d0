"""One statement for many rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase

Row = Mapping[str, Any]


class ManyRows:
    """A statement that is run for many rows, which all have the same keys.

    SQLAlchemy works out anew for each row what each parameter of the statement is. For a batch of events that took
    longer than SQLite itself, and holds the interpreter; here it is worked out once for each database.
    """

    def __init__(self, statement: UpdateBase) -> None:
        self._statement = statement
        self._prepared: dict[str, _Prepared] = {}

    def execute(self, connection: Connection, rows: Sequence[Row]) -> None:
        """Run the statement for each of the rows; for none, nothing."""
        if not rows:
            return
        dialect = connection.dialect
        prepared = self._prepared.get(dialect.name)
        if prepared is None:
            compiled = self._statement.compile(dialect=dialect, column_keys=list(rows[0]))
            assert isinstance(compiled, SQLCompiler)
            prepared = self._prepared[dialect.name] = _Prepared(compiled, dialect)
        connection.exec_driver_sql(prepared.sql, prepared.parameters(rows))


class _Prepared:
    """The statement in the words of one database, whose parameters have places and no names."""

    def __init__(self, compiled: SQLCompiler, dialect: Dialect) -> None:
        assert compiled.positiontup is not None, f"{dialect.name} names its parameters"
        self.sql = str(compiled)
        self._columns = [_Column(compiled, name, dialect) for name in compiled.positiontup]

    def parameters(self, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        return list(zip(*(column.values(rows) for column in self._columns), strict=True))


class _Column:
    """What stands in one place: a value of each row, as the database takes it, or always the same."""

    def __init__(self, compiled: SQLCompiler, name: str, dialect: Dialect) -> None:
        parameter = compiled.binds[name]
        self._name = name if parameter.required else None
        self._value = parameter.value
        self._process: Callable[[Any], Any] | None = parameter.type.dialect_impl(dialect).bind_processor(dialect)

    def values(self, rows: Sequence[Row]) -> list[Any]:
        name, process = self._name, self._process
        found = [self._value] * len(rows) if name is None else [row[name] for row in rows]
        return found if process is None else list(map(process, found))

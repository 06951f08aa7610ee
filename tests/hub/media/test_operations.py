from __future__ import annotations

import importlib
import inspect

import msgspec
import pytest

from hub.errors import MediaError
from hub.media import errors
from hub.media.operations import OPERATIONS, Operation


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
def test_every_operation_has_a_handler_for_its_job(operation: Operation[msgspec.Struct, object]) -> None:
    module, _, function = operation.handler.partition(":")
    signature = inspect.signature(getattr(importlib.import_module(module), function), eval_str=True)

    assert next(iter(signature.parameters.values())).annotation is operation.job
    assert signature.return_annotation == operation.result


def test_names_are_unique() -> None:
    assert len({operation.name for operation in OPERATIONS}) == len(OPERATIONS)


def test_every_media_error_has_a_code_and_a_title_of_its_own() -> None:
    classes = [c for c in vars(errors).values() if inspect.isclass(c) and issubclass(c, MediaError)]

    assert len({c.code for c in classes}) == len(classes) == len({c.title for c in classes})


def test_what_only_the_pool_raises_cannot_come_from_a_worker() -> None:
    assert not {"WorkerCrashed", "WorkerTimeout", "PoolClosed"} & errors.FROM_WORKER.keys()

"""Attributes are replaced inside a with statement alone."""

from types import SimpleNamespace

import pytest

from mmhps.compat.patching import replaced


class Parent:
    @classmethod
    def name(cls):
        return cls.__name__


class Child(Parent):
    pass


def test_new_attribute_is_gone_afterwards():
    owner = SimpleNamespace()
    with replaced(owner, "x", 1):
        assert owner.x == 1
    assert not hasattr(owner, "x")


@pytest.mark.parametrize("owner", [Parent, Child])
def test_class_method_is_one_again_even_after_an_error(owner):
    with pytest.raises(ValueError, match="inside"), replaced(owner, "name", lambda: "other"):
        assert owner.name() == "other"
        raise ValueError("inside")
    assert owner.name() == owner.__name__
    assert ("name" in vars(owner)) == (owner is Parent)

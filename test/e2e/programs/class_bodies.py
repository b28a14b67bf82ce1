"""A class body is a frame of its own, named as the class; so are metaclass and hooks."""


class Meta(type):
    def __new__(cls, name, bases, names):
        names["table"] = bytes(3 << 20)  # [meta]
        return super().__new__(cls, name, bases, names)  # [super]


class Base(metaclass=Meta):  # [base]
    lookup = bytes(4 << 20)  # [body]

    class Inner:  # [inner]
        lookup = bytes(5 << 20)  # [inner body]

    def __init_subclass__(cls):
        cls.extra = bytes(2 << 20)  # [hook]


class Derived(Base):  # [derived]
    pass


# expect 3 MiB: <module> [base]; __new__ [meta]
# expect 4 MiB: <module> [base]; Base [body]
# expect 5 MiB: <module> [base]; Base [inner]; Inner [inner body]
# expect 3 MiB: <module> [derived]; __new__ [meta]
# expect 2 MiB: <module> [derived]; __new__ [super]; __init_subclass__ [hook]

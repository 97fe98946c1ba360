"""Addresses, the command that is run there, and sentences for what can go wrong on the way."""

import pytest

from backends.errors import BadRequest
from explorer import verbs
from explorer.workers.remote import Machine, explain


@pytest.mark.parametrize(
    ("text", "address", "folder"),
    [
        ("me@gpu", "me@gpu", ""),
        ("gpu:~/latent explorer", "gpu", "~/latent explorer"),
        ("me@[::1]:/opt/x", "me@[::1]", "/opt/x"),
        (" gpu ", "gpu", ""),
    ],
)
def test_addresses_are_read_as_scp_reads_them(text, address, folder):
    machine = Machine.parse(text)
    assert (machine.address, machine.folder) == (address, folder)
    assert Machine.parse(machine.text) == machine


@pytest.mark.parametrize("text", ["", "-oProxyCommand=evil", "a b", ":folder"])
def test_what_is_no_machine_is_refused(text):
    with pytest.raises(BadRequest, match="user@machine"):
        Machine.parse(text)


def test_a_cluster_stands_where_a_machine_does(monkeypatch):
    machine = Machine.parse(" ray://head.example.org ")
    assert (machine.address, machine.folder) == ("ray://head.example.org:10001", "")
    assert Machine.parse(machine.text) == machine
    assert machine.name == "the cluster"
    assert machine.command[1:] == ["-m", "trainers.cluster.pipe", "ray://head.example.org:10001"]
    with pytest.raises(BadRequest, match="no address"):
        Machine.parse("ray://a b")
    monkeypatch.setattr("explorer.workers.remote.is_installed", lambda: False)
    assert explain(machine, 1, "No module named 'ray'").advice.endswith('"latent-explorer[cluster]"')
    monkeypatch.setattr("explorer.workers.remote.is_installed", lambda: True)
    assert not explain(machine, 255, "ray client connection timeout").lasting


def test_the_command_quotes_and_knows_the_home_folder():
    command = Machine.parse("me@gpu:~/my models; rm x").command
    assert command[0] == "ssh"
    assert command[-3:-1] == ["--", "me@gpu"]
    assert command[-1].startswith(
        "cd ~/'my models; rm x' && exec env OMP_WAIT_POLICY=PASSIVE .venv/bin/python -m "
    )
    assert Machine.parse("gpu", "/opt/py").command[-1].endswith(" /opt/py -m backends.host --far")
    assert "BatchMode=yes" in command  # nobody is there to type a password


@pytest.mark.parametrize(
    ("code", "said", "what", "advice", "lasting"),
    [
        (255, "me@gpu: Permission denied (publickey).", "without a password", "ssh-copy-id", True),
        (255, "Host key verification failed.", "isn't known", "ssh me@gpu", True),
        (255, "ssh: Could not resolve hostname gpu", "no machine named gpu", "Check the name", False),
        (255, "Connection reset by peer", "is lost", "reset by peer", False),
        (None, "", "is lost", "network", False),
        (127, "sh: 1: exec: python9: not found", "no such folder or Python", "folder", True),
        (1, "python3: No module named backends", "finds no Latent Explorer", "make", True),
        (1, "Segmentation fault", "ended: Segmentation fault", "last words", True),
    ],
)
def test_every_failure_is_a_sentence(code, said, what, advice, lasting):
    failure = explain(Machine.parse("me@gpu"), code, said)
    assert what in failure.what
    assert advice in failure.advice
    assert failure.lasting is lasting


def test_a_verb_refuses_what_is_no_machine(capsys):
    assert verbs.run("sample", ["digits-vae", "--host=-oProxyCommand=evil"]) == verbs.EXIT_ERROR
    assert "user@machine" in capsys.readouterr().err

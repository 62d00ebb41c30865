"""Reads a cache that Cambium filled with huggingface_hub, or fills one. See hub_check.sh."""

import filecmp
import pathlib
import sys

from huggingface_hub import __version__, hf_hub_download, scan_cache_dir, snapshot_download


def read(repository: str, commit: str, directory: str) -> None:
    snapshot = pathlib.Path(snapshot_download(repository, local_files_only=True))
    assert snapshot.name == commit, f"{snapshot} is not of {commit}"
    assert snapshot_download(repository, revision=commit, local_files_only=True) == str(snapshot)
    names = sorted(path.name for path in snapshot.iterdir())
    for name in names:
        found = hf_hub_download(repository, name, local_files_only=True)
        assert filecmp.cmp(found, pathlib.Path(directory) / name, shallow=False), name
        assert pathlib.Path(found).is_symlink(), f"{name} is a copy"
    cache = scan_cache_dir()
    assert not cache.warnings, cache.warnings
    (repo,) = cache.repos
    (revision,) = repo.revisions
    assert repo.repo_id == repository and revision.commit_hash == commit
    assert revision.refs == {"main"}, revision.refs
    assert {file.file_name for file in revision.files} == set(names)
    assert {file.blob_path.parent.name for file in revision.files} == {"blobs"}
    print(f"  huggingface_hub {__version__}: snapshot {commit[:8]} on main, {len(names)} files")
    print(f"    {', '.join(names)}")
    print(f"    {repo.size_on_disk:,} bytes, no warning from scan_cache_dir")


def fill(repository: str) -> None:
    snapshot = pathlib.Path(snapshot_download(repository))
    print(f"  huggingface_hub {__version__}: {len(list(snapshot.iterdir()))} files")


if __name__ == "__main__":
    {"read": read, "fill": fill}[sys.argv[1]](*sys.argv[2:])

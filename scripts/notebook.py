"""Runs notebooks without a browser and checks that each code cell says something and none fails.

Needs nbclient, nbformat and nbconvert (Debian: jupyter-client jupyter-nbconvert python3-nbclient python3-nbformat).
The kernel is the one each notebook names, found through JUPYTER_PATH.
"""

import argparse
import asyncio
import pathlib
import queue
import sys

# Python looks for modules beside this file first, and would take it for Jupyter's package `notebook`.
sys.path = [folder for folder in sys.path if pathlib.Path(folder).resolve() != pathlib.Path(__file__).resolve().parent]

try:
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
    from nbconvert import HTMLExporter
except ImportError as missing:
    sys.exit(
        f"notebook.py: {missing}; on Debian: apt-get install -y --no-install-recommends "
        "jupyter-client jupyter-nbconvert python3-nbclient python3-nbformat"
    )

QUIET_SECONDS = 0.2


class PatientClient(NotebookClient):
    """Keeps listening for a moment after a cell's kernel reports `idle`.

    nbclient takes `idle` as the last message of a cell; Deno 2.9 sometimes sends the cell's output after it, and the
    output would be lost.
    """

    async def _async_poll_output_msg(self, parent_msg_id, cell, cell_index):
        await super()._async_poll_output_msg(parent_msg_id, cell, cell_index)
        while True:
            try:
                message = await asyncio.wait_for(self.kc.iopub_channel.get_msg(timeout=None), QUIET_SECONDS)
            except (asyncio.TimeoutError, queue.Empty):
                return
            belongs_here = message["parent_header"].get("msg_id") == parent_msg_id
            if belongs_here and message["msg_type"] != "status":
                self.process_message(message, cell, cell_index)

    _poll_output_msg = _async_poll_output_msg


def execute(path, into):
    """Runs one notebook, writes the executed copy as .ipynb and .html, and returns what is wrong with it."""
    notebook = nbformat.read(path, as_version=4)
    client = PatientClient(notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": str(path.parent)}})
    problems = []
    try:
        client.execute()
    except CellExecutionError as failure:
        problems.append(str(failure))
    nbformat.write(notebook, into / path.name)
    body, _ = HTMLExporter().from_notebook_node(notebook)
    (into / path.with_suffix(".html").name).write_text(body, encoding="utf-8")

    code = [(number, cell) for number, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    if not code:
        problems.append("has no code cell")
    for number, cell in code:
        if not cell.outputs:
            problems.append(f"cell {number} has no output: {cell.source.splitlines()[-1]}")
        for output in cell.outputs:
            if output.output_type == "error":
                problems.append(f"cell {number} fails: {output.ename}: {output.evalue}")
    pictures = sum("image/svg+xml" in output.get("data", {}) for _, cell in code for output in cell.outputs)
    print(f"{path}: {len(code)} code cells, {pictures} pictures, {len(problems)} problems")
    return problems


def main():
    arguments = argparse.ArgumentParser(description="Runs notebooks and checks their outputs.")
    arguments.add_argument("--into", type=pathlib.Path, required=True, help="folder of the executed copies")
    arguments.add_argument("notebooks", type=pathlib.Path, nargs="+")
    options = arguments.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    problems = [f"{path}: {problem}" for path in options.notebooks for problem in execute(path, options.into)]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

"""In place of vLLM the protocol server: a package named `vllm` that is found first and understands
the words of vLLM's command line that matter here. No GPU is touched.
"""

import os
from pathlib import Path

# Of a server that is held, so that no run ends by itself before it should.
ANSWERED = 30
STAND_IN = f"""
import argparse, asyncio, os, sys
if os.path.exists(os.environ["REFUSES"]):
    sys.exit("refused to start")
from ultrainteract.testing import server

class Held(server.ProtocolServer):
    async def _serve(self, *what):
        while self.arrivals > {ANSWERED} and os.path.exists(os.environ["HOLDS"]):
            await asyncio.sleep(0.05)
        return await super()._serve(*what)

server.ProtocolServer = Held
parser = argparse.ArgumentParser()
parser.add_argument("--served-model-name")
parser.add_argument("--port")
known, _ = parser.parse_known_args()
sys.argv = ["server", "--port", known.port, "--models", known.served_model_name]
server.main()
"""


def make_stand_in(folder: Path) -> dict[str, str]:
    """The environment in which it is found.

    Once there is `refuse` in the folder no server starts any more. As long as there is `hold`, each
    answers a few requests and no more: a run that is not small gets its first trees and cannot end.
    """
    package = folder / "stand_in" / "vllm" / "entrypoints" / "openai"
    package.mkdir(parents=True)
    for made in (package, package.parent, package.parent.parent):
        (made / "__init__.py").touch()
    (package / "api_server.py").write_text(STAND_IN)
    paths = [str(folder / "stand_in"), *filter(None, [os.environ.get("PYTHONPATH")])]
    files = {"REFUSES": str(folder / "refuse"), "HOLDS": str(folder / "hold")}
    return {"PYTHONPATH": os.pathsep.join(paths), **files}


def make_weights(folder: Path) -> Path:
    """Weights that are there, so that none is fetched."""
    folder.mkdir(parents=True)
    for file in ("config.json", "tokenizer.json", "model.safetensors"):
        (folder / file).touch()
    return folder

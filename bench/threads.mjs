// Worker threads that capture and look up at once: throughput of eight against one.
//
//     node bench/threads.mjs '{"quick": false}'

import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

import { loadNative } from "../lib/addon/native.js";

const PAIRS = 2000;
const RESPONSE = JSON.stringify({
  turnId: "turn",
  attempt: "1",
  headers: { "x-taas-autorouted": "true", "x-request-id": "req-1", "x-trace-id": "trace-1" },
});

function work() {
  const native = loadNative(fileURLToPath(new URL("..", import.meta.url)));
  const gateway = new native.Gateway("0.1.0", "host", "/home/me", false);
  const agentId = `thread-${workerData.thread}`;
  const asked = JSON.stringify({ agentId });
  const context = { provider: "cloudsigma", workspaceDir: `/w/${agentId}`, agentId };
  const { handle } = gateway.identity(context, {});
  parentPort.on("message", (until) => {
    let pairs = 0;
    while (Date.now() < until) {
      for (let round = 0; round < PAIRS; round += 1) {
        native.captureResponse(handle, RESPONSE);
        const answer = gateway.ask("taas.affinity.lastRoute", asked, {});
        if (answer.includes('"capture":null')) throw new Error("lost");
      }
      pairs += PAIRS;
    }
    parentPort.postMessage(pairs);
  });
  parentPort.postMessage("ready");
}

/** A worker's next message; rejects where it fails instead. */
const answerOf = async (worker) => {
  const [message] = await once(worker, "message");
  return message;
};

async function main() {
  const { quick } = JSON.parse(process.argv[2]);
  const ms = quick ? 200 : 1000;
  const workers = Array.from(
    { length: 8 },
    (_, thread) => new Worker(new URL(import.meta.url), { workerData: { thread } }),
  );
  await Promise.all(workers.map(answerOf));
  async function throughput(count) {
    const until = Date.now() + ms;
    const answers = workers.slice(0, count).map((worker) => {
      const answer = answerOf(worker);
      worker.postMessage(until);
      return answer;
    });
    const pairs = await Promise.all(answers);
    return pairs.reduce((sum, one) => sum + one, 0) / (ms / 1000);
  }
  await throughput(8);
  const rounds = [];
  for (let round = 0; round < (quick ? 3 : 9); round += 1) {
    rounds.push({ one: await throughput(1), eight: await throughput(8) });
  }
  await Promise.all(workers.map((worker) => worker.terminate()));
  process.stdout.write(JSON.stringify(rounds));
}

if (isMainThread) await main();
else work();

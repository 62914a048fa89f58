// Pairs a new device with a gateway, as OpenClaw's own clients do, to get a token with fewer scopes than the gateway's.

import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { createRequire } from "node:module";

/** Returns the token of a new device that has exactly `scopes`. */
export function pairDevice(gateway, scopes) {
  const { WebSocket } = createRequire(gateway.host.entry)("ws");
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const key = publicKey.export({ format: "jwk" }).x;
  const id = createHash("sha256").update(Buffer.from(key, "base64url")).digest("hex");
  const client = { id: "cli", version: "1.0.0", platform: "linux", mode: "cli" };
  const role = "operator";

  /** The parameters of `connect`. The device signs them with the gateway's `nonce`. */
  function connectParams(nonce) {
    const signedAt = Date.now();
    const who = [id, client.id, client.mode, role, scopes.join()];
    const signed = ["v3", ...who, signedAt, gateway.token, nonce, client.platform, ""].join("|");
    const signature = sign(null, Buffer.from(signed), privateKey).toString("base64url");
    const device = { id, publicKey: key, signature, signedAt, nonce };
    const auth = { token: gateway.token };
    return { minProtocol: 4, maxProtocol: 4, client, role, scopes, auth, device };
  }

  const socket = new WebSocket(gateway.url);
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("close", () => reject(new Error("the gateway closed the connection")));
    socket.on("message", (data) => {
      const { event, id, ok, payload, error } = JSON.parse(String(data));
      if (event === "connect.challenge") {
        const params = connectParams(payload.nonce);
        socket.send(JSON.stringify({ type: "req", id: "1", method: "connect", params }));
      } else if (id === "1") {
        if (ok) resolve(payload.auth.deviceToken);
        else reject(new Error(JSON.stringify(error)));
        socket.close();
      }
    });
  });
}

// The environment variables that decide an identity.

/** Runs `body` with only these of the variables that decide an identity. */
export async function withEnv(variables, body) {
  const names = [
    "OPENCLAW_SESSION_ID",
    "OPENCLAW_AGENT_ID",
    "OPENCLAW_RUN_ID",
    "OPENCLAW_STATE_DIR",
  ];
  const before = names.map((name) => process.env[name]);
  for (const name of names) {
    delete process.env[name];
  }
  Object.assign(process.env, variables);
  try {
    return await body();
  } finally {
    names.forEach((name, index) => {
      delete process.env[name];
      if (before[index] !== undefined) {
        process.env[name] = before[index];
      }
    });
  }
}

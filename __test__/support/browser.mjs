// A real Chromium, which shows the Control UI of a gateway.

import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "playwright-core";

/** The page of the plugin. */
export const PATH = "/plugins/openclaw-taas-affinity/";

/** Debian's Chromium, else the one that Playwright installs. */
function executable() {
  const found = ["/usr/bin/chromium", chromium.executablePath()].find((path) => existsSync(path));
  if (found === undefined) {
    throw new Error(
      "no Chromium: apt-get install chromium, or npx playwright-core install chromium",
    );
  }
  return found;
}

/**
 * Starts a browser with a profile of its own, which allows or blocks third-party cookies.
 *
 * @param {object} [options]
 * @param {boolean} [options.thirdPartyCookies]
 * @param {"light" | "dark"} [options.colorScheme]
 */
export async function startBrowser({ thirdPartyCookies = false, ...options } = {}) {
  const profile = mkdtempSync(join(realpathSync(tmpdir()), "taas-affinity-browser-"));
  mkdirSync(join(profile, "Default"));
  const cookies = {
    block_third_party_cookies: !thirdPartyCookies,
    cookie_controls_mode: thirdPartyCookies ? 0 : 1,
  };
  writeFileSync(join(profile, "Default", "Preferences"), JSON.stringify({ profile: cookies }));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: executable(),
    viewport: { width: 1280, height: 800 },
    ...options,
  });
  return {
    context,
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

/** Whether a frame of another site gets its own cookie back in this browser. */
export async function allowsThirdPartyCookies(context) {
  const cookies = [];
  const server = createServer(({ url, headers }, response) => {
    const { port } = server.address();
    if (url === "/frame") cookies.push(headers.cookie);
    response.setHeader("Content-Type", "text/html");
    response.setHeader("Set-Cookie", "seen=1; SameSite=None; Secure; Path=/frame");
    response.end(url === "/" ? `<iframe src="http://localhost:${port}/frame"></iframe>` : "");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const page = await context.newPage();
  try {
    const url = `http://127.0.0.1:${server.address().port}/`;
    await page.goto(url);
    await page.goto(url);
  } finally {
    await page.close();
    server.closeAllConnections();
    server.close();
  }
  return cookies.at(-1) === "seen=1";
}

/** Logs in to the Control UI and opens the tab. Returns the browser's page and the frame with the plugin's page. */
export async function openTab(context, { port, token }) {
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${port}/#token=${token}`);
  await page.getByRole("link", { name: "TaaS", exact: true }).click();
  const element = await page.waitForSelector(`iframe[src$="${PATH}"]`);
  const frame = await element.contentFrame();
  await frame.waitForURL((url) => url.pathname === PATH);
  return { page, frame };
}

import { ScriptedModel } from "../scripted-model";
import { expect, test } from "../stack";
import { shot } from "./shot";

const WHOLE = `/** What a customer pays, in cents. */
export function cents(price: number): number {
  return Math.floor(price * 100);
}
`;
const CUT = "Math.floor(price * 100)";
const ROUNDED = "Math.round((price + Number.EPSILON) * 100)";

const FOUND = `**Found it.** \`cents()\` cuts the fraction off instead of rounding it, so a price is up to a cent too low:

| price | today | rounded |
| --- | ---: | ---: |
| 0.005 | 0 | **1** |
| 9.999 | 999 | **1000** |

Rounding half up mends it; \`Number.EPSILON\` is for prices like \`1.255\`.`;

const words = (text: string) => text.split(/(?<= )/);

/** The picture at the top of the README: a real opencode whose model says this. */
test("a reply, a change, and what it asks before it goes on", async ({ page, muster }) => {
  const model = await ScriptedModel.start();
  model.title = "Slow nightly build";
  const userName = `ada-${Date.now().toString(36).slice(-4)}`;
  const permission = { edit: "allow", bash: "ask" };
  const files = {
    "opencode.json": model.opencodeConfigWith({ permission }),
    "price.ts": WHOLE,
  };
  const worker = await muster.readyToChat({ backend: "opencode", files }, userName);
  await muster.send("Why is the nightly build slow?");
  await model.asked();
  model.say("The lockfile changes each night, so nothing is cached.");
  model.finish();
  await expect(muster.reply.getByRole("img", { name: /every piece arrived/ })).toBeVisible();
  const rail = page.getByRole("navigation", { name: "Machines and sessions" });
  await rail.getByRole("button", { name: "New session on orchard" }).click();
  const filePath = `${worker.directory}/price.ts`;
  await muster.send("Some prices come out a cent too low. Find out why and fix it.");
  await model.asked();
  for (const word of words(FOUND)) model.say(word);
  model.use("edit", { filePath, oldString: CUT, newString: ROUNDED });
  await model.asked();
  model.say("That is all of it. The tests will tell:");
  model.use("bash", { command: "npm test -- price", description: "Runs the tests of prices" });
  await expect(
    page.getByRole("log").getByRole("button", { name: "Allow once" }),
  ).toBeInViewport({ ratio: 1 });
  await expect(muster.reply.getByRole("region", { name: "Changes" })).toBeVisible();
  await shot(page, "docs/session.png");
  model.stop();
});

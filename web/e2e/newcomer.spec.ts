import { newcomersWay } from "./newcomers-way";
import { test } from "./stack";

test("a newcomer comes from the registration to an agent that answers, and goes on with the phone", async ({
  muster,
}) => {
  test.slow();
  await newcomersWay(muster, () => Promise.resolve());
});

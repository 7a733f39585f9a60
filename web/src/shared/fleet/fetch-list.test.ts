import { describe, expect, it } from "vitest";
import type { Frame } from "@/shared/live/frame";
import { fetchList } from "./fetch-list";

/** A user stream that the test feeds by hand. */
class Stream {
  private frame: (frame: Frame) => void = () => undefined;
  private refetch: () => void = () => undefined;

  onUserFrame(listener: (frame: Frame) => void) {
    this.frame = listener;
    return () => undefined;
  }

  onRefetch(listener: () => void) {
    this.refetch = listener;
    return () => undefined;
  }

  begin(): void {
    this.refetch();
  }

  say(data: string): void {
    this.frame({ id: "1", event: "machine", stream: "ada", data });
  }
}

/** A list whose answers the test gives by hand, one page each. */
function asked() {
  const answers: ((items: string[]) => void)[] = [];
  const page = () =>
    new Promise<{ items: string[]; nextCursor: null }>((resolve) => {
      answers.push((items) => resolve({ items, nextCursor: null }));
    });
  const answer = async (items: string[]) => {
    answers.shift()?.(items);
    await new Promise((resolve) => setTimeout(resolve));
    return answers.length;
  };
  return { page, answer };
}

const fold = (list: readonly string[], event: { data: unknown }) => [...list, String(event.data)];

describe("a list", () => {
  it("is there without the user stream", async () => {
    const [stream, { page, answer }] = [new Stream(), asked()];
    const list = fetchList(stream, page, fold);
    expect(await answer(["desk"])).toBe(0);
    expect(await list).toEqual(["desk"]);
  });

  it("has what the stream said meanwhile", async () => {
    const [stream, { page, answer }] = [new Stream(), asked()];
    const list = fetchList(stream, page, fold);
    stream.say("attic");
    await answer(["desk"]);
    expect(await list).toEqual(["desk", "attic"]);
  });

  it("is asked for anew when the stream begins meanwhile", async () => {
    const [stream, { page, answer }] = [new Stream(), asked()];
    const list = fetchList(stream, page, fold);
    stream.say("what is gone since");
    stream.begin();
    expect(await answer(["what was there before"])).toBe(1);
    await answer(["desk"]);
    expect(await list).toEqual(["desk"]);
  });
});

import { useEffect, useState } from "react";
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import { api, must, type Schemas } from "@/shared/api/client";
import { SessionStream } from "../stream/session-stream";

/** How often an open page looks for more: nothing is pushed to somebody who is not signed in. */
const LOOK_MS = 15_000;

type About = Omit<Schemas["SharedSession"], "items" | "nextBefore">;

function opened(secret: string) {
  const about = createStore<About | null>(() => null);
  const stream = new SessionStream("", async (query) => {
    const path = { secret };
    const page = await must(api.GET("/api/v1/shared/{secret}", { params: { path, query } }));
    const { items, nextBefore, ...rest } = page;
    about.setState(rest, true);
    return { items, nextBefore };
  });
  return { about, stream };
}

/** What somebody shares, as far as it is loaded. */
export function useSharedSession(secret: string) {
  const [{ about, stream }] = useState(() => opened(secret));
  useEffect(() => {
    void stream.load();
    const look = setInterval(() => {
      if (document.visibilityState === "visible") void stream.load();
    }, LOOK_MS);
    return () => clearInterval(look);
  }, [stream]);
  return { stream, about: useStore(about) };
}

import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { askAhead, forgetAskedAhead } from "./asked-ahead";
import { api } from "./client";

const answer = (name: string) => Promise.resolve(Response.json({ name }));
const nameOf = async () => (await api.GET("/api/v1/auth/me")).data;

beforeEach(() => {
  window.askedAhead = new Map([["/api/v1/auth/me", answer("ahead")]]);
  vi.stubGlobal(
    "fetch",
    vi.fn(() => answer("now")),
  );
});

afterEach(() => {
  delete window.askedAhead;
  vi.unstubAllGlobals();
});

it("an answer that was asked for ahead is for the first who wants it", async () => {
  expect([await nameOf(), await nameOf()]).toEqual([{ name: "ahead" }, { name: "now" }]);
});

it("what is asked for ahead is asked for once", async () => {
  askAhead("/api/v1/auth/me");
  expect(await nameOf()).toEqual({ name: "now" });
  expect(fetch).toHaveBeenCalledTimes(1);
});

it("nobody gets an answer from before when that is not good enough any more", async () => {
  forgetAskedAhead();
  expect(await nameOf()).toEqual({ name: "now" });
});

it("only what is read was asked for ahead", async () => {
  window.askedAhead?.set("/api/v1/auth/logout", answer("ahead"));
  await api.POST("/api/v1/auth/logout");
  expect(window.askedAhead?.size).toBe(2);
});

import type { Schemas } from "./client";

export type User = Schemas["User"];
export type Machine = Schemas["Machine"];
export type Worker = Schemas["Worker"];
export type Registration = Schemas["Registration"];
export type Model = Schemas["Model"];
export type ChatSession = Schemas["ChatSession"];
export type ChatMessage = Schemas["ChatMessage"];
export type Attachment = Schemas["Attachment"];
export type ChatChunk = Schemas["ChatChunk"];
export type AgentRequest = Schemas["AgentRequest"];
export type Part = Schemas["Part"];
export type PartOf<K extends Part["kind"]> = Extract<Part, { kind: K }>;

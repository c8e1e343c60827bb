/** Specimens of the stores about what is said: conversations, messages, turns, and their ledger. */
import * as Effect from "effect/Effect"
import * as Samples from "../Samples.ts"
import { anonymous, attack, fresh, naming, type Specimens } from "./Specimen.ts"
import { conversationOf, turnOf } from "./World.ts"

export const conversations: Specimens["conversations"] = {
  resolve: naming(({ conversations }, scope, ids, owner) =>
    conversations.resolve(scope, conversationOf(ids, owner, attack))
  ),
  find: naming(({ conversations }, scope, ids) => conversations.find(scope, ids.conversation)),
  list: anonymous(({ conversations }, scope) => conversations.list(scope, {})),
  save: naming(({ conversations }, scope, ids, owner) =>
    conversations.save(scope, conversationOf(ids, owner, attack))
  ),
  advance: naming(({ conversations }, scope, ids) =>
    conversations.advance(scope, ids.conversation, {
      fence: 1,
      position: 1,
      stored: 1,
      ends: true
    })
  ),
  delete: naming(({ conversations }, scope, ids) => conversations.delete(scope, ids.conversation))
}

export const messages: Specimens["messages"] = {
  // At a place that is taken, and at one that is free.
  append: naming(({ messages }, scope, { conversation }, owner) =>
    messages.append(scope, [
      Samples.messageAt(conversation, owner, 1, 0, attack),
      Samples.messageAt(conversation, owner, 9, 0, attack)
    ])
  ),
  list: naming(({ messages }, scope, { conversation }) => messages.list(scope, conversation, {})),
  ofTurn: naming(({ messages }, scope, { conversation }) =>
    messages.ofTurn(scope, conversation, 1)
  ),
  recent: naming(({ messages }, scope, { conversation }) =>
    messages.recent(scope, conversation, 100, 100)
  ),
  skip: naming(({ messages }, scope, { conversation }) => messages.skip(scope, conversation, 1))
}

export const turns: Specimens["turns"] = {
  // A new turn; and, by others, one with a taken id and one with a taken key and position.
  insert: naming(({ turns }, scope, ids, owner) => {
    const taken = { ...turnOf(ids, owner), retryOf: attack }
    const fresh = { ...taken, id: `${ids.turn}-2`, key: `${ids.turnKey}-2`, position: 2 }
    return owner === ids.user
      ? turns.insert(scope, fresh)
      : Effect.andThen(
          turns.insert(scope, taken),
          turns.insert(scope, { ...taken, id: `${ids.turn}-3` })
        )
  }),
  find: naming(({ turns }, scope, { turn }) => turns.find(scope, turn)),
  findKeyed: naming(({ turns }, scope, ids) =>
    turns.findKeyed(scope, ids.conversation, ids.turnKey)
  ),
  unended: naming(({ turns }, scope, { conversation }) => turns.unended(scope, conversation)),
  advance: naming(({ turns }, scope, ids, owner) =>
    turns.advance(scope, { ...Samples.ended(turnOf(ids, owner)), retryOf: attack, sequence: 2 }, [
      Samples.fact(1, attack),
      Samples.fact(2, attack)
    ])
  ),
  facts: naming(({ turns }, scope, ids) => turns.facts(scope, turnOf(ids, ids.user), 1))
}

export const ledger: Specimens["ledger"] = {
  // At a place that is taken, and at one that is free.
  append: naming(({ ledger }, scope, ids, owner) =>
    ledger.append(scope, [
      Samples.row(ids.turn, owner, { conversationId: attack }),
      Samples.row(fresh(ids.turn, owner), owner, { conversationId: attack })
    ])
  ),
  list: anonymous(({ ledger }, scope) => ledger.list(scope, {})),
  total: anonymous(({ ledger }, scope) => ledger.total(scope, 0, Number.MAX_SAFE_INTEGER))
}

/** What may follow the last event before the connection is given up. */
const restBytes = 65_536
const restMs = 1000

const ignore = () => undefined

/**
 * Reads what follows the last event, so that the next request finds the connection open: a response
 * that is left before its end takes its connection with it. Up to 64 KiB and for at most a second,
 * beside whatever comes next; nobody waits for it.
 */
export const readRest = async (reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> => {
  const late = setTimeout(() => void reader.cancel().catch(ignore), restMs)
  try {
    let left = restBytes
    while (left > 0) {
      const { done, value } = await reader.read()
      if (done) return
      left -= value.length
    }
    await reader.cancel()
  } catch {
    // The connection broke: there is none to keep.
  } finally {
    clearTimeout(late)
  }
}

import { verifyWebhook, WebhookVerificationError } from "warmtree/client";

interface Env {
  /** `whsec_…`; two, separated by a space, while one replaces the other. */
  readonly WEBHOOK_SECRET: string;
}

/** Receives the webhooks of a Warmtree: answers 204 to a valid one, 400 to one that is forged, old or malformed. */
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    if (request.method !== "POST") return new Response(null, { status: 405, headers: { Allow: "POST" } });
    try {
      const event = await verifyWebhook(request, env.WEBHOOK_SECRET.split(" "));
      // Handle the event here. The same event may come twice, with the same webhook-id.
      if (event.type === "run.finished") console.log("run", event.data.run, event.data.status);
      else console.log(event.type, JSON.stringify(event.data));
      return new Response(null, { status: 204 });
    } catch (error) {
      if (error instanceof WebhookVerificationError) return new Response(error.message, { status: 400 });
      throw error;
    }
  },
};

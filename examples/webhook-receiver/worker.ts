import { verifyWebhook, WebhookVerificationError } from "warmtree/client";

interface Env {
  /** `whsec_…`; two with a space between them while one replaces the other. */
  readonly WEBHOOK_SECRET: string;
}

/** Takes the webhooks of a Warmtree: 204 if it is one, 400 if it is forged, old or broken. */
export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    if (request.method !== "POST") return new Response(null, { status: 405, headers: { Allow: "POST" } });
    try {
      const event = await verifyWebhook(request, env.WEBHOOK_SECRET.split(" "));
      // Here is the place for what should follow. The same event may come twice: webhook-id is then the same.
      if (event.type === "run.finished") console.log("run", event.data.run, event.data.status);
      else console.log(event.type, JSON.stringify(event.data));
      return new Response(null, { status: 204 });
    } catch (error) {
      if (error instanceof WebhookVerificationError) return new Response(error.message, { status: 400 });
      throw error;
    }
  },
};

// Adapter for C's libwebsockets, over connections within this process: see docs/replay-protocol.md.
//
// apt-get install libwebsockets-dev libjson-c-dev
// cc -O1 -o libwebsockets adapters/c-libwebsockets.c -lwebsockets -ljson-c; wireseam replay fixtures --to exec:./libwebsockets
//
// The library reads a socket; bytes are written to the other end of it, one chunk and only then the next. As a server it sees the
// request too. As a client it makes a key of its own, so a response is made that fits, and what is replayed begins with the
// frames. Pings it answers by itself and does not tell, nor Pongs without
// a payload; so both are left out.

#define _GNU_SOURCE
#include <errno.h>
#include <json-c/json.h>
#include <libwebsockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/un.h>
#include <unistd.h>

static struct lws_context *contexts[2], *context; // without and with permessage-deflate
static struct lws_vhost *hosts[2];
static struct lws *connection;
static struct json_object *events;
static int peer = -1, listener, ended, opened;
static char *message, name[64], sent[1 << 20];
static size_t length, sent_length;

static struct json_object *text(const char *text) { return json_object_new_string(text); }

static struct json_object *tell(const char *name, const void *payload, size_t size) {
    struct json_object *event = json_object_new_object();
    char *coded = malloc(size * 4 / 3 + 8);
    lws_b64_encode_string(payload, (int)size, coded, (int)(size * 4 / 3 + 8));
    json_object_object_add(event, "event", text(name));
    json_object_object_add(event, "bytes", text(coded));
    free(coded);
    json_object_array_add(events, event);
    return event;
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size) {
    struct json_object *event;
    unsigned char *payload = in;
    if (wsi == connection && reason == LWS_CALLBACK_WSI_DESTROY) connection = NULL;
    if (wsi == connection && !ended) switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        opened = 1;
        break;
    case LWS_CALLBACK_RECEIVE:
    case LWS_CALLBACK_CLIENT_RECEIVE:
        if (lws_is_first_fragment(wsi)) length = 0;
        message = realloc(message, length + size + 1);
        memcpy(message + length, in, size);
        length += size;
        if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi)) break;
        event = tell("message", message, length);
        json_object_object_add(event, "type", text(lws_frame_is_binary(wsi) ? "binary" : "text"));
        break;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        ended = 1;
        event = tell("close", "", 0);
        json_object_object_add(event, "code", size < 2 ? NULL : json_object_new_int(payload[0] << 8 | payload[1]));
        json_object_object_add(event, "reason", json_object_new_string_len(in ? in + 2 : "", size < 2 ? 0 : (int)size - 2));
        break;
    default:
        break;
    }
    return lws_callback_http_dummy(wsi, reason, user, in, size);
}

/// The code of the Close frame among what the library has sent behind its HTTP head; -1 where there is none.
static int closed_with(void) {
    char *head = memmem(sent, sent_length, "\r\n\r\n", 4);
    size_t at = head ? (size_t)(head + 4 - sent) : sent_length;
    while (at + 2 <= sent_length) {
        unsigned char *frame = (unsigned char *)sent + at, *mask = frame + 2;
        size_t size = frame[1] & 127, masked = frame[1] >> 7; // it sends control frames only
        if (at + 2 + 4 * masked + size > sent_length) break;
        unsigned char *payload = mask + 4 * masked;
        if ((frame[0] & 15) == 8)
            return size < 2 ? 1005 : (payload[0] ^ (masked ? mask[0] : 0)) << 8 | (payload[1] ^ (masked ? mask[1] : 0));
        at += 2 + 4 * masked + size;
    }
    return -1;
}

/// Lets the library work until it has read all that there is, and reads what it sends.
static void work(void) {
    for (int idle = 0; idle < 3;) {
        int waiting = 0;
        lws_service(context, -1);
        if (connection) ioctl(lws_get_socket_fd(connection), FIONREAD, &waiting);
        idle = waiting > 0 || (connection && !lws_service_adjust_timeout(context, 1, 0)) ? 0 : idle + 1;
    }
    if (peer < 0) return;
    ssize_t got = recv(peer, sent + sent_length, sizeof sent - sent_length, MSG_DONTWAIT);
    if (got > 0) sent_length += got;
    int is_refused = sent_length > 12 && !strncmp(sent, "HTTP/1.1 ", 9) && strncmp(sent + 9, "101", 3);
    int code = closed_with(), is_over = got == 0 || (got < 0 && errno != EAGAIN);
    if (ended || !events || !(is_over || is_refused || code >= 0)) return;
    ended = 1;
    struct json_object *event = tell("error", "", 0);
    json_object_object_add(event, "code", code < 0 ? NULL : json_object_new_int(code));
    json_object_object_add(event, "text", text(is_refused ? "it refuses the request" : "it closes the connection"));
}

static void write_all(const char *bytes, size_t size) {
    while (size && !ended) {
        ssize_t written = send(peer, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (written < 0 && errno != EAGAIN) break;
        if (written > 0) bytes += written, size -= written;
        if (size) work();
    }
    work();
}

/// As a server: it is given the one end of a connection.
static int serve(struct lws_vhost *host) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) return 0;
    peer = ends[0];
    connection = lws_adopt_socket_vhost(host, ends[1]);
    return connection != NULL;
}

/// As a client: it connects, and its request is answered.
static int answer(struct lws_vhost *host, const char *agreed) {
    char address[sizeof name + 1];
    snprintf(address, sizeof address, "+%s", name);
    struct lws_client_connect_info info = {.context = context, .vhost = host, .address = address, .path = "/", .port = 1, .host = "localhost", .origin = "localhost", .pwsi = &connection,
        .local_protocol_name = "adapter"};
    lws_client_connect_via_info(&info);
    for (int turn = 0; turn < 100; turn++) lws_service(context, -1);
    peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    for (int turn = 0; turn < 100 && !memmem(sent, sent_length, "\r\n\r\n", 4); turn++) work();
    char *key = memmem(sent, sent_length, "Sec-WebSocket-Key: ", 19), together[64], accepts[64], response[1024];
    if (!key) return 0;
    unsigned char hash[20];
    int written = snprintf(together, sizeof together, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key + 19);
    lws_SHA1((unsigned char *)together, written, hash);
    lws_b64_encode_string((char *)hash, sizeof hash, accepts, sizeof accepts);
    written = snprintf(response, sizeof response, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: %s\r\n%s%s%s\r\n", accepts, agreed ? "Sec-WebSocket-Extensions: " : "", agreed ? agreed : "", agreed ? "\r\n" : "");
    write_all(response, written);
    for (int turn = 0; turn < 100 && !opened && !ended; turn++) work();
    return opened && !ended;
}

static struct json_object *start(struct json_object *asked) {
    if (peer >= 0) close(peer);
    events = NULL, peer = -1, ended = opened = 0, length = sent_length = 0;
    for (int turn = 0; turn < 100 && connection; turn++) work();
    connection = NULL;
    struct json_object *agreed = json_object_object_get(asked, "extensions"), *reply = json_object_new_object();
    int is_extended = json_object_array_length(agreed) > 0;
    context = contexts[is_extended];
    int is_server = !strcmp(json_object_get_string(json_object_object_get(asked, "role")), "server");
    char request[4096];
    int had = lws_b64_decode_string(json_object_get_string(json_object_object_get(asked, "request")), request, sizeof request - 1);
    request[had > 0 ? had : 0] = 0;
    if (strcasestr(request, "\nSec-WebSocket-Protocol:")) {
        json_object_object_add(reply, "unsupported", text("it speaks only subprotocols that it was built with"));
        return reply;
    }
    int is_there = is_server ? serve(hosts[is_extended])
        : answer(hosts[is_extended], is_extended ? json_object_get_string(json_object_array_get_idx(agreed, 0)) : NULL);
    if (is_there) json_object_object_add(reply, "events", json_object_new_array());
    else json_object_object_add(reply, "unsupported", text("it does not take such a response"));
    return reply;
}

static struct json_object *chunk(struct json_object *asked) {
    const char *coded = json_object_get_string(json_object_object_get(asked, "bytes"));
    size_t most = strlen(coded) + 1;
    char *bytes = malloc(most);
    int size = lws_b64_decode_string(coded, bytes, (int)most);
    struct json_object *reply = json_object_new_object();
    events = json_object_new_array();
    write_all(bytes, size > 0 ? size : 0); // the kernel copies them: nothing of ours can stay in it
    free(bytes);
    json_object_object_add(reply, "events", events);
    events = NULL;
    return reply;
}

int main(void) {
    static const struct lws_protocols protocols[] = {{"adapter", callback, 0, 0}, {NULL, NULL, 0, 0}};
    static const struct lws_extension extensions[] = {
        {"permessage-deflate", lws_extension_callback_pm_deflate, "permessage-deflate; client_max_window_bits"}, {NULL, NULL, NULL}};
    struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN, .protocols = protocols, .gid = -1, .uid = -1,
        .vhost_name = "adapter",
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_VALIDATE_UTF8};
    lws_set_log_level(0, NULL);
    for (int at = 0; at < 2; at++) {
        info.extensions = at ? extensions : NULL;
        context = contexts[at] = lws_create_context(&info);
        hosts[at] = lws_create_vhost(context, &info);
    }
    // sockets of this kind, unlike those of TCP, have what was written on the other side at once
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int named = snprintf(name, sizeof name, "@wireseam-adapter-%d", (int)getpid());
    memcpy(address.sun_path + 1, name + 1, named - 1);
    if (bind(listener, (void *)&address, offsetof(struct sockaddr_un, sun_path) + named) || listen(listener, 1)) return 1;

    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0) {
        struct json_object *asked = json_tokener_parse(line), *reply;
        const char *what = json_object_get_string(json_object_object_get(asked, "do"));
        if (!strcmp(what, "hello")) {
            reply = json_tokener_parse("{\"name\":\"libwebsockets\",\"server\":\"handshake\",\"client\":\"frames\","
                "\"extensions\":[\"permessage-deflate\"],\"reports\":[\"message\",\"close\",\"error\"]}");
            json_object_object_add(reply, "version", json_object_new_string_len(lws_get_library_version(), (int)strcspn(lws_get_library_version(), "-")));
        } else if (!strcmp(what, "start")) {
            reply = start(asked);
        } else if (!strcmp(what, "chunk")) {
            reply = chunk(asked);
        } else {
            reply = json_tokener_parse("{\"events\":[]}");
        }
        puts(json_object_to_json_string_ext(reply, JSON_C_TO_STRING_PLAIN));
        fflush(stdout);
        json_object_put(reply);
        json_object_put(asked);
    }
}

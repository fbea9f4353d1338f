package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"runtime/debug"
)

// request is one call as it stands on the wire.
type request struct {
	id     json.RawMessage // nil when there is none
	method string
	params json.RawMessage
	v2     bool
}

// notification tells whether the caller wants no answer: 2.0 without an id.
func (r *request) notification() bool { return r.v2 && r.id == nil }

// parseRequest reads one call; on error the request carries as much as was
// understood (the dialect and the id), so that the answer fits.
func parseRequest(raw json.RawMessage) (request, *Error) {
	r := request{id: json.RawMessage("null")}
	if kindOf(raw) != Obj {
		return r, Errorf(CodeInvalidRequest, "Invalid Request object")
	}
	f := make(fields)
	for _, m := range members(raw) {
		if _, twice := f[m.name]; !twice {
			f[m.name] = m.value
		}
	}
	r.id = f["id"]
	if version := f["jsonrpc"]; kindOf(version) != null {
		if kindOf(version) != String {
			return r, Errorf(CodeInvalidRequest, "jsonrpc field must be a string")
		}
		switch string(version) {
		case `"1.0"`: // some older documentation has it, and it means the old dialect
		case `"2.0"`:
			r.v2 = true
		default:
			return r, Errorf(CodeInvalidRequest, "JSON-RPC version not supported")
		}
	}
	switch kindOf(f["method"]) {
	case null:
		return r, Errorf(CodeInvalidRequest, "Missing method")
	case String:
	default:
		return r, Errorf(CodeInvalidRequest, "Method must be a string")
	}
	if json.Unmarshal(f["method"], &r.method) != nil {
		return r, Errorf(CodeInvalidRequest, "Method must be a string")
	}
	switch kindOf(f["params"]) {
	case null:
	case Array, Obj:
		r.params = f["params"]
	default:
		return r, Errorf(CodeInvalidRequest, "Params must be an array or object")
	}
	return r, nil
}

// reply writes the answer in the request's dialect: 1.1 has both result and
// error, 2.0 exactly one of them.
func (r *request) reply(result json.RawMessage, e *Error) json.RawMessage {
	var b bytes.Buffer
	b.WriteByte('{')
	if r.v2 {
		b.WriteString(`"jsonrpc":"2.0",`)
	}
	switch {
	case e != nil:
		if !r.v2 {
			b.WriteString(`"result":null,`)
		}
		b.WriteString(`"error":`)
		b.Write(e.raw())
	default:
		b.WriteString(`"result":`)
		b.Write(result)
		if !r.v2 {
			b.WriteString(`,"error":null`)
		}
	}
	if r.id != nil {
		b.WriteString(`,"id":`)
		b.Write(r.id)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// unread is the request of whom nothing could be understood.
var unread = request{id: json.RawMessage("null")}

// statusOf is the HTTP status of an error in the 1.1 dialect.
func statusOf(e *Error) int {
	switch e.Code {
	case CodeInvalidRequest:
		return http.StatusBadRequest
	case CodeMethodNotFound:
		return http.StatusNotFound
	}
	return http.StatusInternalServerError
}

// answer executes the body of an HTTP request and gives status and answer; nil
// means that there is nothing to say.
func (s *Server) answer(ctx context.Context, user string, body []byte) (int, json.RawMessage) {
	body = bytes.TrimSpace(body)
	if !json.Valid(body) {
		return refuse(Errorf(CodeParse, "Parse error"))
	}
	if _, listed := s.opts.Whitelist[user]; !listed && s.opts.WhitelistDefault {
		return http.StatusForbidden, nil
	}
	switch kindOf(body) {
	case Array:
		return s.answerBatch(ctx, user, body)
	case Obj:
	default:
		return refuse(Errorf(CodeParse, "Top-level object parse error"))
	}
	r, e := parseRequest(body)
	if e != nil {
		return statusOf(e), r.reply(nil, e)
	}
	if !s.allowed(user, r.method) {
		return http.StatusForbidden, nil
	}
	result, e := s.execute(ctx, user, &r)
	switch {
	case r.notification():
		return http.StatusNoContent, nil
	case e != nil && !r.v2:
		return statusOf(e), r.reply(nil, e)
	}
	return http.StatusOK, r.reply(result, e)
}

func refuse(e *Error) (int, json.RawMessage) { return statusOf(e), unread.reply(nil, e) }

// answerBatch executes a batch in order. An item that fails does not fail the
// others, each is answered in its own dialect, and a batch of notifications alone
// has no answer.
func (s *Server) answerBatch(ctx context.Context, user string, body []byte) (int, json.RawMessage) {
	items := elements(body)
	for _, item := range items {
		if r, e := parseRequest(item); e == nil && !s.allowed(user, r.method) {
			return http.StatusForbidden, nil
		}
	}
	var b bytes.Buffer
	b.WriteByte('[')
	for _, item := range items {
		r, e := parseRequest(item)
		var result json.RawMessage
		if e == nil {
			result, e = s.execute(ctx, user, &r)
		}
		if r.notification() {
			continue
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.Write(r.reply(result, e))
		if b.Len() > s.opts.MaxReply {
			return refuse(Errorf(CodeOutOfMemory, "The answer to this batch is larger than %d bytes: send smaller batches", s.opts.MaxReply))
		}
	}
	if b.Len() == 1 && len(items) > 0 {
		return http.StatusNoContent, nil
	}
	b.WriteByte(']')
	return http.StatusOK, b.Bytes()
}

// execute runs one call. A panic in a handler is a bug of ours: the caller gets
// an internal error, the log gets the stack, and the node goes on.
func (s *Server) execute(ctx context.Context, user string, r *request) (result json.RawMessage, e *Error) {
	if stage := s.warmup.Load(); stage != nil {
		return nil, Errorf(CodeInWarmup, "%s", *stage)
	}
	m, ok := s.registry.Lookup(r.method)
	if !ok {
		return nil, Errorf(CodeMethodNotFound, "Method not found")
	}
	active := s.begin(r.method)
	defer func() {
		if p := recover(); p != nil {
			s.opts.OnPanic(r.method, p, debug.Stack())
			result, e = nil, Errorf(CodeInternal, "%s failed inside the node; the log has the details", r.method)
		}
		took := s.end(active)
		if s.opts.OnCall != nil {
			s.opts.OnCall(r.method, user, e, took)
		}
	}()
	args, given, err := m.positional(r.params)
	if err != nil {
		return nil, asError(err)
	}
	value, err := m.Handler(&Call{Context: ctx, Node: s.node, Server: s, User: user, args: args, given: given})
	if err != nil {
		return nil, asError(err)
	}
	encoded, err := encode(value)
	if err != nil {
		return nil, Errorf(CodeInternal, "%s: result does not encode: %s", r.method, err)
	}
	return encoded, nil
}

// The files that TensorBoard reads: events, of which only those kinds that Keras writes, as TFRecords.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cornu/tensor/tensor.h"

namespace cornu::callbacks {

// CRC-32C, as TFRecords hold it: rotated and offset, so that a CRC of data with CRCs in it is none.
uint32_t masked_crc32c(std::string_view bytes);

std::string host_name();

// A protocol buffer being written, field by field.
class ProtoMessage {
public:
    ProtoMessage& integer(int field, uint64_t value);
    ProtoMessage& real(int field, double value);
    ProtoMessage& bytes(int field, std::string_view value);        // also strings and messages
    ProtoMessage& message(int field, const ProtoMessage& value) { return bytes(field, value.bytes_); }
    ProtoMessage& packed(int field, std::span<const float> values);
    const std::string& str() const { return bytes_; }

private:
    void key(int field, int wire_type);
    void varint(uint64_t value);
    std::string bytes_;
};

// 30 buckets of equal width, (30, 3): left edge, right edge, count; as tf.summary.histogram.
// What is not finite is left out.
std::vector<double> histogram_buckets(std::span<const double> values);

// A grey or coloured image of 8 bits a channel; `channels` is 1, 3 or 4.
std::string encode_png(std::span<const uint8_t> pixels, int64_t height, int64_t width, int64_t channels);

// One file of events in a folder, made when the first event is written. Throws FileError when it
// cannot be written.
class EventFile {
public:
    explicit EventFile(std::string folder) : folder_(std::move(folder)) {}
    ~EventFile();
    EventFile(const EventFile&) = delete;
    EventFile& operator=(const EventFile&) = delete;

    void scalar(const std::string& tag, double value, int64_t step);
    void histogram(const std::string& tag, std::span<const double> values, int64_t step);
    void images(const std::string& tag, const std::vector<std::string>& pngs, int64_t height, int64_t width, int64_t step);
    void keras_model(const std::string& tag, const std::string& json, int64_t step);
    void flush();

private:
    void open();
    void record(const ProtoMessage& event);
    void summary(const std::string& tag, std::string_view plugin, std::string_view content, int data_class, const ProtoMessage& tensor, int64_t step);
    std::string folder_, path_, buffer_;
    int fd_ = -1;
};

}  // namespace cornu::callbacks

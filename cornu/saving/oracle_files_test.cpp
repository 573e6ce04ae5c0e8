// Writes files for tools/oracle/check_files.py, which reads them with h5py, NumPy, zipfile and
// Keras. Runs only when CORNU_WRITE_FILES names a folder.
#include <doctest/doctest.h>

#include <cstdlib>
#include <numeric>

#include "cornu/saving/atomic_file.h"
#include "cornu/saving/files_for_tests.h"
#include "cornu/saving/hdf5.h"
#include "cornu/saving/hdf5_writer.h"
#include "cornu/saving/npy.h"

using namespace cornu;
using namespace cornu::saving;
using namespace cornu::saving::test;

namespace {

// Elements 0, 1, 2, … of any type; booleans alternate. The script makes the same.
std::vector<std::byte> counting(DType dtype, int64_t count) {
    return visit_dtype(dtype, [&](auto zero) {
        using T = decltype(zero);
        std::vector<std::byte> out;
        for (int64_t i = 0; i < count; ++i) {
            T value;
            if constexpr (std::is_same_v<T, bool>)
                value = i % 2 == 1;
            else if constexpr (std::is_constructible_v<T, float> && !std::is_integral_v<T>)
                value = T(float(i % 200));
            else
                value = static_cast<T>(i % 100);
            const auto bytes = std::as_bytes(std::span(&value, 1));
            out.insert(out.end(), bytes.begin(), bytes.end());
        }
        return out;
    });
}

constexpr DType dtypes[] = {DType::bool_,   DType::uint8,     DType::uint16,    DType::uint32,
                            DType::uint64,  DType::int8,      DType::int16,     DType::int32,
                            DType::int64,   DType::float16,   DType::bfloat16,  DType::float32,
                            DType::float64, DType::complex64, DType::complex128};

void write_hdf5(Sink& sink) {
    std::vector<std::vector<std::byte>> kept;
    Hdf5Writer writer;
    for (const DType dtype : dtypes) {
        kept.push_back(counting(dtype, 6));
        writer.dataset(str("types/", dtype), Shape{2, 3}, dtype, kept.back());
    }
    kept.push_back(counting(DType::float32, 5000));
    writer.dataset("large", Shape{50, 100}, DType::float32, kept.back());
    kept.push_back(counting(DType::float32, 1));
    writer.dataset("scalar", Shape{}, DType::float32, kept.back());
    writer.dataset("empty", Shape{0, 3}, DType::float32, std::span<const std::byte>());
    writer.group("no/children");
    for (int i = 0; i < 1500; ++i) writer.group(str("many/layer_", i));
    std::vector<std::string> names;
    for (int i = 0; i < 1000; ++i) names.push_back(str("layer_", i));
    writer.attribute("", "layer_names",
                     Hdf5Value::bytes(std::vector<std::string>{"dense", "dense_1"}));
    writer.attribute("", "keras_version", Hdf5Value::bytes("3.15.1"));
    writer.attribute("many", "names", Hdf5Value::texts(names));
    writer.attribute("no", "text", Hdf5Value::text("zwölf"));
    writer.attribute("no", "empty_text", Hdf5Value::text(""));
    writer.attribute("no", "nothing", Hdf5Value::bytes(std::vector<std::string>{}));
    writer.attribute("no", "integer", Hdf5Value::integer(-3));
    writer.attribute("no", "real", Hdf5Value::real(2.5));
    writer.attribute("no", "boolean", Hdf5Value::boolean(true));
    writer.attribute("large", "attached", Hdf5Value::text("to a dataset"));
    writer.write(sink);
}

// Dense(3) on 4 inputs, as Keras's weights file: kernel 0…11, bias 0…2.
void add_dense(Hdf5Writer& writer, const std::vector<std::byte>& kernel,
               const std::vector<std::byte>& bias) {
    writer.dataset("layers/dense/vars/0", Shape{4, 3}, DType::float32, kernel);
    writer.dataset("layers/dense/vars/1", Shape{3}, DType::float32, bias);
    writer.attribute("layers/dense/vars", "name", Hdf5Value::text("dense"));
}

}  // namespace

TEST_CASE("files for the oracle" * doctest::skip(std::getenv("CORNU_WRITE_FILES") == nullptr)) {
    const std::filesystem::path folder = std::getenv("CORNU_WRITE_FILES");
    std::filesystem::create_directories(folder);
    const auto kernel = counting(DType::float32, 12), bias = counting(DType::float32, 3);
    Hdf5Writer weights;
    add_dense(weights, kernel, bias);
    {
        AtomicFile file(folder / "all.h5");
        write_hdf5(file);
        file.commit();
    }
    {
        AtomicFile file(folder / "dense.weights.h5");
        weights.write(file);
        file.commit();
    }
    {
        AtomicFile file(folder / "members.zip");
        ZipWriter zip(file);
        zip.add("stored", std::string(10'000, 's'));
        zip.add("deflated", std::string(10'000, 'd'), ZipMethod::deflated);
        zip.add("assets/zwölf.txt", "12");
        weights.write(zip.begin("model.weights.h5", weights.size()));
        zip.end();
        zip.finish();
        file.commit();
    }
    {
        AtomicFile file(folder / "many.zip");
        ZipWriter zip(file);
        for (int i = 0; i < 66'000; ++i) zip.add(str(i), "");
        zip.finish();
        file.commit();
    }
    {
        AtomicFile file(folder / "arrays.npz");
        NpzWriter npz(file);
        for (const DType dtype : dtypes)
            npz.add(name(dtype), Shape{2, 3}, dtype, counting(dtype, 6));
        npz.add("scalar", Shape{}, DType::float32, counting(DType::float32, 1));
        npz.add("row", Shape{6}, DType::float32, counting(DType::float32, 6));
        npz.add("text", Shape{2, 2}, std::vector<std::string>{"eins", "zwölf", "", "😀"});
        npz.finish();
        file.commit();
    }
    // A Keras model whose weights file is ours: config and metadata as Keras wrote them.
    const ZipReader keras(ByteSource::open(golden("mlp.keras")));
    const Hdf5Group old = Hdf5Group::open(keras.open("model.weights.h5"));
    Hdf5Writer copy;
    std::vector<std::vector<std::byte>> kept;
    std::vector<std::pair<std::string, Hdf5Group>> todo = {{"", old}};
    while (!todo.empty()) {
        const auto [path, group] = todo.back();
        todo.pop_back();
        if (!path.empty()) copy.group(path);
        for (const std::string& attribute : group.attribute_names()) {
            copy.attribute(path, attribute,
                           Hdf5Value::text(group.attribute(attribute).as_string()));
        }
        for (const std::string& child : group.names()) {
            const std::string name = path.empty() ? child : path + "/" + child;
            if (group.contains_group(child)) {
                todo.emplace_back(name, group.group(child));
                continue;
            }
            const Hdf5Dataset dataset = group.dataset(child);
            kept.emplace_back(dataset.nbytes());
            dataset.read(kept.back());
            copy.dataset(name, dataset.shape(), dataset.dtype(), kept.back());
        }
    }
    AtomicFile file(folder / "mlp.keras");
    ZipWriter zip(file);
    for (const char* member : {"metadata.json", "config.json"})
        zip.add(member, keras.open(member).bytes());
    copy.write(zip.begin("model.weights.h5", copy.size()));
    zip.end();
    zip.finish();
    file.commit();
}
